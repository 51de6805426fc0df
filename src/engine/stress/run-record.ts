import { z } from 'zod';

const MAX_REPEATS = 16;
const MAX_ROUTES = 16;
const words = z.string().max(200);
const perSecond = z.array(z.number().positive().finite()).min(1).max(MAX_REPEATS);

/** What a scheduled run measured. */
export const measuredSchema = z.object({
  /** Visitors a second that the machine could serve if it did nothing else; one for each repeat. */
  perSecond,
  /** CPU time of each kind of page, ms, and its share of the visitors. */
  costs: z
    .array(z.object({ name: words, share: z.number().positive().finite(), cpuMs: z.number().nonnegative().finite() }))
    .min(1)
    .max(MAX_ROUTES),
});
export type Measured = z.infer<typeof measuredSchema>;

/** On what it was measured: numbers of another machine or version say nothing of this one. */
export const circumstancesSchema = z.object({
  version: z.string(),
  node: z.string(),
  cpu: z.string(),
  cores: z.number(),
});
export type Circumstances = z.infer<typeof circumstancesSchema>;

/** A run as it is kept; `at`: epoch ms. */
export const stressRunSchema = z.object({ ...measuredSchema.shape, ...circumstancesSchema.shape, at: z.number() });
export type StressRun = z.infer<typeof stressRunSchema>;
