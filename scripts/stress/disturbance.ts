import type { Others } from '../load/others.ts';
import type { ScenarioResult } from './result.ts';
import type { Judged } from './thresholds/evaluate.ts';

/**
 * The load is a multiple of what the server could do while the capacity was found. When other programs take so much more of all
 * CPU time than then, and of what the test leaves, the multiple is another one.
 */
const MORE_OF_ALL = 0.12;
const MORE_OF_THE_REST = 0.3;
/** So much less than before, or so much more: the machine is not the same, and may have been a third one meanwhile. */
const SLOWER = 0.75;
const QUICKER = 2;

/** What a server does right or wrong, however little of the machine it has. */
const WHATEVER_THE_LOAD = /^(?:checks|alive|renders|scaler_decisions)\b/;

/** Whether a verdict failed, and only by what depends on the load. */
function dependsOnLoad(judged: readonly Judged[]): boolean {
  const failed = judged.filter(({ passed }) => !passed);
  return failed.length > 0 && !failed.some(({ text }) => WHATEVER_THE_LOAD.test(text));
}

/** Why a verdict that failed says nothing of the server; undefined: it does, or it has not failed. */
export function disturbance(judged: readonly Judged[], atCapacity: Others, during: Others): string | undefined {
  if (!dependsOnLoad(judged)) return undefined;
  if (during.share - atCapacity.share <= MORE_OF_ALL) return undefined;
  if (during.ofTheRest - atCapacity.ofTheRest <= MORE_OF_THE_REST) return undefined;
  const percent = (of: number): string => `${(100 * of).toFixed(0)} %`;
  return `other programs took ${percent(during.share)} of the CPU time, and ${percent(atCapacity.share)} while the capacity was found`;
}

/** A failed run in the light of what a new instance can do right after it: void, when that is something else than before. */
export function reconsidered(result: ScenarioResult, before: number, after: number): ScenarioResult {
  if (result.status !== 'failed' || !dependsOnLoad(result.thresholds)) return result;
  if (after >= SLOWER * before && after <= QUICKER * before) return result;
  const reason = `the machine is not the same: ${before.toFixed(0)} requests a second before, and ${after.toFixed(0)} right after it`;
  return { ...result, status: 'void', reason };
}
