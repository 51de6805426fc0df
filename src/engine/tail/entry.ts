import { z } from 'zod';
import { OUTCOMES } from '../monitor-sample.ts';
import { MAX_PATH } from '../traffic/tidy-path.ts';
import { MAX_BATCH } from './limits.ts';

/** Where a request comes by on its way, in this order. */
export const STEPS = ['arrival', 'body', 'line', 'cache', 'gate', 'queue', 'site', 'pool', 'answer'] as const;
export type StepName = (typeof STEPS)[number];

/** Longest sentence of a step, or of why, characters. */
export const MAX_WORDS = 240;
/** Longest list of the names in a query, characters. */
export const MAX_QUERY = 120;
const amount = z.number().nonnegative().finite();
const words = z.string().max(MAX_WORDS);

/** `[step, from, to, what happened there]`: ms since the arrival. */
const stepSchema = z.tuple([z.enum(STEPS), amount, amount, words]);
export type Step = z.infer<typeof stepSchema>;

/** One request as an operator sees it: without address, cookie, or any value of the query. */
export const tailEntrySchema = z.strictObject({
  /** Its arrival, epoch ms. */
  at: amount,
  method: z.string().max(16),
  /** As lists show it (traffic/tidy-path.ts). */
  path: z.string().max(MAX_PATH),
  /** Names of the query's parameters; empty: no query. */
  query: z.string().max(MAX_QUERY),
  route: z.string().max(200),
  /** It carries a genuine session of the site. */
  member: z.boolean(),
  status: z.int().min(100).max(999),
  outcome: z.enum(OUTCOMES),
  /** From the arrival to the end of the answer, ms. */
  tookMs: amount,
  /** Why it got no room; empty: it did. */
  why: words,
  steps: z.array(stepSchema).max(STEPS.length),
});
export type TailEntry = z.infer<typeof tailEntrySchema>;

export const tailBatchSchema = z.array(tailEntrySchema).max(MAX_BATCH);
