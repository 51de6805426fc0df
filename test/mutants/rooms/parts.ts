import type { Mutant } from '../mutant.ts';

const RECORDS = { file: 'idempotency/record-file.ts', test: 'engine/idempotency/record-file.test.ts' };
const THREAD = { file: 'idempotency/records.ts', test: 'engine/idempotency/records.test.ts' };
const HOLD = { file: 'idempotency/hold-answer.ts', test: 'engine/request/once.test.ts' };
const KEY = { file: 'idempotency/request-key.ts', test: 'engine/request/once.test.ts' };
const FEATURE = { file: 'features/feature.ts', test: 'engine/features/feature-routes.test.ts' };
const FRAGMENTS = { file: 'features/fragments.ts', test: 'engine/features/fragments.test.ts' };
const FETCH = { file: 'features/upstream-fetch.ts', test: 'engine/features/upstream-fetch.test.ts' };

/** Idempotency keys, features, fragments and fetch. */
export const PARTS: readonly Mutant[] = [
  { ...RECORDS, name: 'any number of keys is kept', text: 'records >= maxRecords || ', to: '' },
  { ...RECORDS, name: 'keys are kept whatever they hold', text: ' || bytes >= maxBytes', to: '' },
  { ...RECORDS, name: 'work that hangs is never taken over', text: 'row.at > at - RUNNING_MS && ', to: '' },
  { ...RECORDS, name: 'a key is kept for ever', text: 'row !== undefined && row.at < at - KEEP_MS', to: 'false' },
  { ...THREAD, name: 'any number of questions is open', text: 'open.size >= maxOpen', to: 'false' },
  {
    ...THREAD,
    file: 'idempotency/record-thread.ts',
    name: 'a file that cannot be used stays',
    text: '!isDamage(error) && !isUnusable(error, path)',
    to: 'true',
  },
  { ...HOLD, name: 'an answer of any size is held', text: 'if (bytes > MAX_ANSWER_BYTES) passThrough();', to: '' },
  { ...KEY, name: 'a key is everybody’s', text: 'whose(headers.cookie, cookies), given', to: 'given' },
  { ...FEATURE, name: 'a feature has all places', text: 'underWay >= limit', to: 'false' },
  {
    ...FEATURE,
    name: 'a half-open breaker holds up who comes',
    text: 'if (breaker.state === CircuitState.HalfOpen) throw new FeatureDownError(name);',
    to: '',
  },
  { ...FRAGMENTS, name: 'any number of copies is kept', text: 'copies.size <= maxCopies && ', to: '' },
  { ...FRAGMENTS, name: 'copies may hold anything', text: ' && bytes <= maxBytes', to: '' },
  { ...FETCH, name: 'retries have no budget', text: ' || !budget.take()', to: '' },
  { ...FETCH, name: 'any number of calls at a time', text: 'bulkhead(MAX_CALLS, MAX_WAITING)', to: 'bulkhead(1e6)' },
];
