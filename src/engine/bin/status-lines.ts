import type { ReloadReport } from '../primary/reload.ts';

/** What of `/fleet` is shown. Times: epoch ms. */
export interface FleetGlance {
  pid: number;
  mode: string;
  why: string;
  crashLoop: boolean;
  lifeboat: { active: boolean };
  scaler: {
    state: string;
    target: number;
    min: number;
    max: number;
    decisions: readonly { action: string; target: number; reason: string; lastAt: number }[];
  };
  reload?: Pick<ReloadReport, 'number' | 'state' | 'reasons' | 'startedAt' | 'ms'>;
  workers: readonly {
    name: string;
    state: string;
    up: boolean;
    beat?: { connections: number; inFlight: number; queued: number; elu: number };
  }[];
}

const RELOADS: Record<string, string> = {
  running: 'runs',
  done: 'done',
  refused: 'refused, the old settings stay',
  rolled_back: 'rolled back, the old version serves on',
};

/** The server at a glance. `now`: epoch ms. */
export function statusLines(
  { mode, why, crashLoop, lifeboat, scaler, reload, workers }: FleetGlance,
  now: number,
): string[] {
  const serving = workers.filter(({ state }) => state === 'serving').length;
  const step = scaler.decisions.at(-1);
  return [
    `mode       ${mode}: ${why}`,
    `workers    ${serving} of ${scaler.target} wanted serve (from ${scaler.min} to ${scaler.max})`,
    ...workers.map(
      ({ name, state, up, beat }) =>
        `           ${name} ${up ? state : `${state}, silent`}${beat === undefined ? '' : ` - ${beat.connections} connections, ${beat.inFlight} requests, ${beat.queued} wait, ${Math.round(beat.elu * 100)} % busy`}`,
    ),
    ...(crashLoop ? ['           alert: workers die one after the other'] : []),
    `lifeboat   ${lifeboat.active ? 'answers in place of the workers' : 'stands by'}`,
    `scaler     ${scaler.state}${step === undefined ? ', no step yet' : `; last, ${ago(step.lastAt, now)} ago: ${step.reason}`}`,
    `reload     ${reload === undefined ? 'none since the start' : `${RELOADS[reload.state] ?? reload.state}, ${ago(reload.startedAt, now)} ago`}`,
    ...(reload?.reasons ?? []).map((reason) => `           ${reason}`),
  ];
}

/** `42 s`, `7 min`, `3 h`, `5 days`. */
function ago(at: number, now: number): string {
  const seconds = Math.max(0, Math.round((now - at) / 1_000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}
