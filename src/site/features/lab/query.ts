import { z } from 'zod';
import { PRIORITIES } from '../../../engine/site.ts';
import { DISTRIBUTIONS } from './work.ts';

const ms = z.coerce.number().min(0).max(60_000);

/** Query of each lab route, with its defaults: the numbers of issue reports and benches can be left out. */
export const workQuery = z.object({
  ms: ms.default(5),
  dist: z.enum(DISTRIBUTIONS).default('fixed'),
  priority: z.enum(PRIORITIES).default('normal'),
});

export const waitQuery = z.object({ ms: ms.default(50) });

export const poolQuery = z.object({ ms: ms.default(30) });

/** Time between two events. */
export const streamQuery = z.object({ every: ms.min(10).default(1_000) });

export const pageQuery = z.object({
  /** CPU work of the render, ms. */
  cost: ms.default(5),
  /** Time it is fresh, seconds. */
  ttl: z.coerce.number().int().min(0).max(86_400).default(2),
  /** Bytes of the body. */
  size: z.coerce.number().int().min(0).max(900_000).default(10_240),
});

export const blockQuery = z.object({
  ms: ms.default(3_000),
  /** `1`: every worker blocks, not only the one that got the request. */
  all: z.enum(['0', '1']).default('0'),
});

export const leakQuery = z.object({ mb: z.coerce.number().int().min(0).max(1_024).default(50) });

export const faultBody = z.object({
  feature: z.string().regex(/^[a-z]{1,32}$/),
  /** `error`: its handlers throw; `slow`: they wait `ms` first; `hang`: they never answer. */
  kind: z.enum(['error', 'slow', 'hang']),
  ms: ms.default(500),
  /** The feature is well again after this long. */
  seconds: z.number().min(0).max(600).default(10),
});
export type Fault = z.infer<typeof faultBody>;
