import { MAX_PER_SECOND } from '../tail/limits.ts';

/** Requests that the whole fleet tells in a second while an operator watches: more nobody reads. */
export const OF_ALL_PER_SECOND = 80;

/** Part of one worker, of so many that serve. */
export const tailShare = (serving: number): number =>
  Math.max(1, Math.min(MAX_PER_SECOND, OF_ALL_PER_SECOND / Math.max(1, serving)));
