import type { OpsEvent, Sample } from '../../../monitor-sample.ts';
import type { ActionResult, OperatorAction } from '../../../operator-action.ts';
import type { TrafficReport } from '../../../traffic/report.ts';
import type { RouteLatency } from '../../route-latency.ts';
import type {
  AlertView,
  HistoryAnswer,
  IncidentView,
  PlannedView,
  ShownRequest,
  StorageView,
  StressView,
} from '../source.ts';
import type { ViewChoices } from '../view-choices.ts';
import type { CpuProfile } from './flame-tree.ts';

export interface Now {
  now: number;
  sample: Sample | null;
  /** Of the last minute, without their workers. */
  recent: Sample[];
  signedIn: boolean;
  csrf: string | null;
  openReading: boolean;
  view: ViewChoices;
}

async function ask<T>(path: string): Promise<T> {
  const response = await fetch(`/ops/api/${path}`);
  if (response.status === 401) location.assign('/ops');
  if (!response.ok) throw new Error((await response.text()).trim());
  return (await response.json()) as T;
}

export const now = (): Promise<Now> => ask('now');
export const history = (from: number, to: number, points: number): Promise<HistoryAnswer> =>
  ask(`history?from=${Math.round(from)}&to=${Math.round(to)}&points=${points}`);
export const events = (from: number, to: number): Promise<OpsEvent[]> =>
  ask(`events?from=${Math.round(from)}&to=${Math.round(to)}`);
export const alerts = (): Promise<AlertView[]> => ask('alerts');
export const incidents = (): Promise<IncidentView[]> => ask('incidents');
export const planned = (): Promise<PlannedView[]> => ask('planned');
export const profiles = (): Promise<string[]> => ask('profiles');
export const latency = (from: number, to: number): Promise<RouteLatency[]> =>
  ask(`latency?from=${Math.round(from)}&to=${Math.round(to)}`);
export const storage = (): Promise<StorageView> => ask('storage');
/** `path`: below `/ops/api/`. */
export const profile = (path: string): Promise<CpuProfile> => ask(path);
export const stress = (): Promise<StressView> => ask('stress');
export const traffic = (from: number, to: number): Promise<TrafficReport | null> =>
  ask(`traffic?from=${Math.round(from)}&to=${Math.round(to)}`);

/** Has an action done. @throws {Error} it was not, and why */
export async function act(action: OperatorAction, csrf: string): Promise<ActionResult> {
  const response = await fetch('/ops/api/actions', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-tahan-csrf': csrf },
    body: JSON.stringify(action),
  });
  if (response.status === 200 || response.status === 409) return (await response.json()) as ActionResult;
  throw new Error((await response.text()).trim());
}

/** Keeps what the operator chose to see. @throws {Error} it was not kept, and why */
export async function keepView(choices: ViewChoices): Promise<void> {
  const response = await fetch('/ops/api/view', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(choices),
  });
  if (!response.ok) throw new Error((await response.text()).trim());
}

export interface StreamListener {
  sample: (sample: Sample) => void;
  /** Requests as a worker answered them, the oldest first. */
  tail: (requests: ShownRequest[]) => void;
  news: () => void;
  /** Whether the stream is open; the browser comes back by itself, and where it gave up, this does. */
  state: (open: boolean) => void;
}

/** Where the browser gives up (an answer other than 200), it is tried again after this, ms. */
const AGAIN_MS = 5_000;

export interface Following {
  /** With or without requests from now on. */
  showTail: (on: boolean) => void;
}

/** Follows the server until the page is left. */
export function follow(listener: StreamListener): Following {
  let tail = false;
  let stream = open();
  function open(): EventSource {
    const made = begin(listener, tail, () => {
      if (stream === made) stream = open();
    });
    return made;
  }
  return {
    showTail(on) {
      if (on === tail) return;
      tail = on;
      stream.close();
      stream = open();
    },
  };
}

function begin(listener: StreamListener, tail: boolean, again: () => void): EventSource {
  const stream = new EventSource(tail ? '/ops/api/stream?tail' : '/ops/api/stream');
  stream.addEventListener('open', () => listener.state(true));
  stream.addEventListener('sample', (event) =>
    listener.sample(JSON.parse((event as MessageEvent<string>).data) as Sample),
  );
  stream.addEventListener('tail', (event) =>
    listener.tail(JSON.parse((event as MessageEvent<string>).data) as ShownRequest[]),
  );
  stream.addEventListener('news', () => listener.news());
  stream.addEventListener('error', () => {
    listener.state(false);
    if (stream.readyState !== EventSource.CLOSED) return;
    stream.close();
    setTimeout(again, AGAIN_MS);
  });
  return stream;
}
