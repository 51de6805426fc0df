import { drive, generate } from '../load/drive.ts';
import type { Punctuality } from '../load/health.ts';
import type { HeldSpec } from '../load/held.ts';
import type { JourneysReport } from '../load/journeys.ts';
import { SEEDED } from '../load/members.ts';
import type { Phase } from '../load/spec.ts';
import type { ClassReport } from '../load/tally.ts';
import { capacityOfRoutes } from './capacity.ts';
import type { Conditions } from './conditions.ts';
import type { Part, Scenario } from './scenario.ts';

/** Twice the time by which the capacity is found: a verdict must not turn on what else the machine does. */
export const GOOD_MS = 1_000;
const PATIENCE_MS = 5_000;
export const BUCKET_MS = 500;
/**
 * A late send makes an answer look slower than it was, never quicker: as long as it is small beside half a second the
 * verdict holds. The bench, whose numbers are compared, takes a tenth of it.
 */
const MAX_SEND_LAG_MS = 50;
const THINK_MS = 120;
/** `visits` of a scenario are for a server that does so many requests of the standard mix a second; one that does fewer gets fewer. */
const VISITS_AT = 800;
const MAX_RATE = 8_000;
const MAX_IN_FLIGHT = 4_000;
const RENDERED_BY = 'x-lab-renderer';
const RENDERS = 'x-lab-render';

export interface LoadResult {
  classes: Record<string, ClassReport>;
  generator: Punctuality;
  void?: string;
  journeys?: Pick<JourneysReport, 'checks' | 'visitors' | 'content'>;
}

export const secondsOf = (parts: readonly Part[]): number => parts.reduce((sum, { seconds }) => sum + seconds, 0);

/** Has the visitors of a scenario come. `onStart`: called when the first is due. */
export async function sendLoad(
  scenario: Scenario,
  parts: readonly Part[],
  { to, mix, capacity: found, journeyFile, seed, interrupt }: Conditions,
  onStart: () => void,
): Promise<LoadResult> {
  const { headers, ...where } = to;
  if (scenario.journeys !== undefined) {
    const { visits, file = journeyFile } = scenario.journeys;
    const pace = Math.min(1, found.perSecond / VISITS_AT);
    const report = await generate(
      'journeys',
      {
        ...where,
        headers,
        seed,
        phases: parts.map(({ seconds, load }) => ({ seconds, rate: load * visits * pace })),
        ...(file === undefined ? {} : { file }),
        accounts: { count: SEEDED.users, editors: Math.ceil(SEEDED.users / 100), password: SEEDED.password },
        deadlineMs: GOOD_MS,
        timeoutMs: scenario.patienceMs ?? PATIENCE_MS,
        thinkMs: THINK_MS,
        bucketMs: BUCKET_MS,
        maxSendLagMs: MAX_SEND_LAG_MS,
      },
      secondsOf(parts) * 1000 + 12 * (PATIENCE_MS + THINK_MS),
      onStart,
      interrupt,
    );
    return { classes: report.steps, journeys: report, ...report };
  }
  const routes = scenario.routes ?? mix;
  const capacity = capacityOfRoutes(routes, mix, found.perSecond);
  const phases = parts.map(
    ({ seconds, load, only }): Phase => ({
      seconds,
      rate: Math.min(MAX_RATE, capacity * load),
      ...(only === undefined ? {} : { only }),
    }),
  );
  return drive(
    {
      ...where,
      seed,
      connections: scenario.newConnections === true ? 'new' : 'keep-alive',
      phases,
      classes: routes.map((route) => ({ ...route, headers })),
      deadlineMs: GOOD_MS,
      timeoutMs: scenario.patienceMs ?? PATIENCE_MS,
      maxInFlight: MAX_IN_FLIGHT,
      bucketMs: BUCKET_MS,
      maxSendLagMs: MAX_SEND_LAG_MS,
      watch: routes.some(({ path }) => path.startsWith('/lab/page')) ? [RENDERED_BY, RENDERS] : [],
      ...(scenario.retry === undefined ? {} : { retry: scenario.retry }),
    },
    onStart,
    interrupt,
  );
}

/** Uploads that stall for as long as the scenario lasts; those that the server ends come again. */
export function holdOn(count: number, { to }: Conditions, seconds: number): Promise<unknown> {
  const head = `POST /login HTTP/1.1\r\nHost: ${to.host}:${to.port}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 20000\r\n\r\n`;
  const spec: HeldSpec = {
    port: to.port,
    count,
    perSecond: count,
    holdMs: Math.max(1_000, (seconds - 1) * 1000),
    payload: `${head}name=`,
    read: true,
    reopen: true,
  };
  return generate('held', spec, seconds * 1000 + 5_000);
}
