/** The feature failed often just now and is left alone for a while. */
export class FeatureDownError extends Error {
  readonly code = 'FEATURE_DOWN';
  override readonly name = 'FeatureDownError';
  readonly feature: string;
  constructor(feature: string, cause?: unknown) {
    super(`the feature "${feature}" is down: its breaker is open`, { cause });
    this.feature = feature;
  }
}

/** The feature did not answer in the time it was given. */
export class FeatureTimeoutError extends Error {
  readonly code = 'FEATURE_TIMEOUT';
  override readonly name = 'FeatureTimeoutError';
  readonly feature: string;
  constructor(feature: string, withinMs: number) {
    super(`the feature "${feature}" did not answer within ${Math.round(withinMs)} ms`);
    this.feature = feature;
  }
}

/** The feature has as much under way as its share allows. */
export class FeatureFullError extends Error {
  readonly code = 'FEATURE_FULL';
  override readonly name = 'FeatureFullError';
  readonly feature: string;
  constructor(feature: string, limit: number) {
    super(`the feature "${feature}" has its share of ${limit} at work already`);
    this.feature = feature;
  }
}

/** An injected fault of kind `error`. */
export class InjectedFaultError extends Error {
  readonly code = 'INJECTED_FAULT';
  override readonly name = 'InjectedFaultError';
}
