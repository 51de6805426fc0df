import { isIP } from 'node:net';
import { z } from 'zod';
import { MAX_PAGES } from './events/event.ts';

/** How long something may be muted, blocked or held at most, minutes: a week. */
export const MAX_MINUTES = 10_080;

const minutes = z.int().min(1).max(MAX_MINUTES);
const on = z.boolean();

/** An address, or a network as CIDR that is no wider than /8 (IPv4) or /16 (IPv6): a slip must not block everybody. */
export function isNetwork(text: string): boolean {
  const [, address = '', bits] = /^([0-9a-f.:]{2,45})(?:\/(\d{1,3}))?$/i.exec(text) ?? [];
  const family = isIP(address);
  if (family === 0) return false;
  return bits === undefined || (family === 4 ? inside(Number(bits), 8, 32) : inside(Number(bits), 16, 128));
}

const inside = (value: number, least: number, most: number): boolean => value >= least && value <= most;

/** What an operator can have done. Each is confirmed by a person or typed as a command, and leaves a line behind. */
export const actionSchema = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('reload') }),
  /** Fewest and most workers, until the next reload of the settings or the end of the server. */
  z
    .strictObject({ do: z.literal('workers'), min: z.int().min(1).max(256), max: z.int().min(1).max(256) })
    .refine(({ min, max }) => min <= max, { path: ['min'], message: 'must be at most max' }),
  /** `name`: a path, or a tag of the site. */
  z.strictObject({
    do: z.literal('purge'),
    what: z.enum(['page', 'tag']),
    name: z.string().min(1).max(195),
    hard: z.boolean().default(false),
  }),
  z.strictObject({ do: z.literal('purge-all'), hard: z.boolean().default(false) }),
  z.strictObject({ do: z.literal('dry-run'), on }),
  /** Every bound of the gate times this: below 1 is tighter. */
  z.strictObject({ do: z.literal('gate'), factor: z.number().min(0.1).max(10) }),
  z.strictObject({ do: z.literal('hold-scaling'), on }),
  z.strictObject({ do: z.literal('hold-reloads'), on }),
  /** `path`: the feature's paths begin with it. */
  z.strictObject({
    do: z.literal('feature'),
    path: z
      .string()
      .max(200)
      .regex(/^\/[\x21-\x7e]+$/, 'must be a path such as /search'),
    on,
  }),
  z.strictObject({ do: z.literal('maintenance'), on }),
  z.strictObject({
    do: z.literal('block'),
    network: z.string().max(49).refine(isNetwork, 'must be an address or a network such as 203.0.113.0/24'),
    /** 0: no longer. */
    minutes: z.int().min(0).max(MAX_MINUTES),
  }),
  /** A CPU profile. `worker`: its name; absent: the busiest. */
  z.strictObject({
    do: z.literal('profile'),
    worker: z.string().max(64).optional(),
    seconds: z.int().min(1).max(30).default(10),
  }),
  /** A time for which the server makes itself ready, as `event add` takes it; wrong words are told by it. */
  z.strictObject({
    do: z.literal('event-add'),
    name: z.string().max(80),
    at: z.string().max(64),
    for: z.string().max(32),
    pages: z.array(z.string().max(2_048)).max(MAX_PAGES).default([]),
    prequeue: z.string().max(32).default('0s'),
  }),
  z.strictObject({ do: z.literal('event-remove'), id: z.string().min(1).max(16) }),
  z.strictObject({ do: z.literal('mute'), alert: z.string().min(1).max(100), minutes }),
  z.strictObject({ do: z.literal('note'), text: z.string().trim().min(1).max(500) }),
]);
export type OperatorAction = z.infer<typeof actionSchema>;

/** What was asked for, as a line of the log and of the time axis tells it. */
export function actionWords(action: OperatorAction): string {
  switch (action.do) {
    case 'reload':
      return 'reload';
    case 'workers':
      return `workers from ${action.min} to ${action.max}`;
    case 'purge':
      return `${action.hard ? 'hard purge' : 'purge'} of the ${action.what} ${action.name}`;
    case 'purge-all':
      return `${action.hard ? 'hard purge' : 'purge'} of all pages`;
    case 'dry-run':
      return `dry run ${onOff(action.on)}`;
    case 'gate':
      return action.factor === 1 ? 'gate as the settings say' : `gate's bounds times ${action.factor}`;
    case 'hold-scaling':
      return action.on ? 'scaling is held' : 'scaling goes on';
    case 'hold-reloads':
      return action.on ? 'reloads are held' : 'reloads may be done again';
    case 'feature':
      return `${action.path} switched ${onOff(action.on)}`;
    case 'maintenance':
      return `maintenance page ${onOff(action.on)}`;
    case 'block':
      return action.minutes === 0
        ? `network ${action.network} no longer blocked`
        : `network ${action.network} blocked for ${action.minutes} min`;
    case 'profile':
      return `CPU profile of ${action.worker ?? 'the busiest worker'} for ${action.seconds} s`;
    case 'event-add':
      return `event "${action.name}" at ${action.at} for ${action.for}`;
    case 'event-remove':
      return `removal of the event ${action.id}`;
    case 'mute':
      return `alert ${action.alert} muted for ${action.minutes} min`;
    case 'note':
      return action.text;
  }
}

const onOff = (on: boolean): string => (on ? 'on' : 'off');

/** What came of it: `text` is one sentence for a person. */
export interface ActionResult {
  ok: boolean;
  text: string;
}
