import { z } from 'zod';

/** One look at the admin port. Times: ms since the first request. */
export interface FleetSample {
  atMs: number;
  mode: string;
  /** Workers that serve. */
  workers: number;
  lagP99Ms: number;
  queueDelayMs: number;
  lifeboat: boolean;
  rssMb: number;
}

/** What the server did, and why, in its own words. */
export interface FleetEvent {
  atMs: number;
  kind: 'scaler' | 'mode' | 'fault';
  text: string;
}

/** What of `/fleet` is looked at. */
const fleetSchema = z.object({
  pid: z.number(),
  mode: z.string(),
  why: z.string(),
  lifeboat: z.object({ active: z.boolean() }),
  scaler: z.object({
    target: z.number(),
    decisions: z.array(z.object({ action: z.string(), cause: z.string(), reason: z.string(), at: z.number() })),
  }),
  reload: z.object({ state: z.string(), number: z.number() }).optional(),
  workers: z.array(
    z.object({
      pid: z.number(),
      state: z.string(),
      beat: z.object({ lagP99Ms: z.number(), queueDelayMs: z.number(), rssBytes: z.number() }).optional(),
    }),
  ),
});
export type Fleet = z.infer<typeof fleetSchema>;

/** @throws {Error} nobody answers within 2 s, or something else than Tahan */
export async function readFleet(adminPort: number): Promise<Fleet> {
  const response = await fetch(`http://127.0.0.1:${adminPort}/fleet`, {
    headers: { connection: 'close' },
    signal: AbortSignal.timeout(2_000),
  });
  return fleetSchema.parse(await response.json());
}

export const servingPids = ({ workers }: Fleet): number[] =>
  workers.filter(({ state }) => state === 'serving').map(({ pid }) => pid);

/** A look as numbers. */
export function sampleOf(fleet: Fleet, atMs: number): FleetSample {
  const serving = fleet.workers.filter(({ state }) => state === 'serving');
  const most = (of: (beat: NonNullable<Fleet['workers'][number]['beat']>) => number): number =>
    Math.max(0, ...serving.flatMap(({ beat }) => (beat === undefined ? [] : [of(beat)])));
  return {
    atMs,
    mode: fleet.mode,
    workers: serving.length,
    lagP99Ms: most(({ lagP99Ms }) => lagP99Ms),
    queueDelayMs: most(({ queueDelayMs }) => queueDelayMs),
    lifeboat: fleet.lifeboat.active,
    rssMb: most(({ rssBytes }) => rssBytes) / 1_048_576,
  };
}

export interface FleetWatch {
  samples: FleetSample[];
  events: FleetEvent[];
  /** Looks that got no answer. */
  missed: () => number;
  stop: () => void;
}

const EVERY_MS = 500;
const MAX_SAMPLES = 4_000;
const MAX_EVENTS = 200;

/** Looks at the admin port twice a second, from now on. `startedAt`: epoch ms of the first request. */
export function watchFleet(adminPort: number, startedAt: number): FleetWatch {
  const samples: FleetSample[] = [];
  const events: FleetEvent[] = [];
  let missed = 0;
  let mode: string | undefined;
  let told = startedAt;
  let looking = false;
  const note = (event: FleetEvent): void => {
    if (events.length < MAX_EVENTS) events.push(event);
  };
  const look = async (): Promise<void> => {
    if (looking || samples.length >= MAX_SAMPLES) return;
    looking = true;
    try {
      const fleet = await readFleet(adminPort);
      const atMs = Date.now() - startedAt;
      samples.push(sampleOf(fleet, atMs));
      if (mode !== undefined && mode !== fleet.mode) note({ atMs, kind: 'mode', text: `${fleet.mode}: ${fleet.why}` });
      mode = fleet.mode;
      for (const { at, action, reason } of fleet.scaler.decisions) {
        if (at <= told) continue;
        told = at;
        note({ atMs: at - startedAt, kind: 'scaler', text: `${action}: ${reason}` });
      }
    } catch {
      missed += 1; // told in the report: the admin port did not answer
    } finally {
      looking = false;
    }
  };
  const timer = setInterval(() => void look(), EVERY_MS);
  return { samples, events, missed: () => missed, stop: () => clearInterval(timer) };
}
