import { createHash } from 'node:crypto';
import { parseArgs } from 'node:util';
import { endOf, MAX_EVENTS, MAX_FOR_MS, MAX_PAGES, MAX_PREQUEUE_MS, type PlannedEvent } from './event.ts';
import { readEvents, writeEvents } from './file.ts';

const USAGE = `event add --name "Launch" --at "2026-12-01T20:00+07:00" --for 2h [--page /posts/launch]... [--prequeue 5m] [--dry-run]
event list
event remove ID`;

/** A command that cannot be done; one line for each mistake. Exit code 64: sysexits.h, wrong usage. */
export class EventUsageError extends Error {
  readonly code = 'COMMAND';
  readonly exitCode = 64;
  override readonly name = 'EventUsageError';
}

/** An ended event is forgotten after this, ms. */
const FORGET_MS = 86_400_000;
const UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
/** Date and time with a zone: without one it would be another moment on another machine. */
const MOMENT = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2}))?(?:Z|[+-](\d{2}):(\d{2}))$/;

/** `90s`, `5m`, `2h`, `1d`, `1h30m`, in ms; undefined: not one. */
export function durationOf(text: string): number | undefined {
  if (!/^(\d{1,6}[smhd])+$/.test(text)) return undefined;
  let ms = 0;
  for (const [, n, unit] of text.matchAll(/(\d+)([smhd])/g)) ms += Number(n) * UNITS[unit as keyof typeof UNITS];
  return ms;
}

/** Epoch ms of a date and time with a zone; undefined: not one, or a day that the calendar lacks. */
export function momentOf(text: string): number | undefined {
  const parts = MOMENT.exec(text);
  if (parts === null) return undefined;
  const [, year, month, day, hour, minute, second = '0', zoneHour = '0', zoneMinute = '0'] = parts;
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  const real = date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
  const inDay = Number(hour) < 24 && Number(minute) < 60 && Number(second) < 60;
  if (!real || !inDay || Number(zoneHour) > 14 || Number(zoneMinute) > 59) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}

/**
 * Reads what `event add` is given. `now`: epoch ms.
 * @throws {EventUsageError} a line for each mistake
 */
export function readAdd(words: readonly string[], now: number): PlannedEvent {
  let given: { name?: string; at?: string; for?: string; page?: string[]; prequeue?: string; 'dry-run'?: boolean };
  try {
    given = parseArgs({
      args: [...words],
      options: {
        name: { type: 'string' },
        at: { type: 'string' },
        for: { type: 'string' },
        page: { type: 'string', multiple: true },
        prequeue: { type: 'string' },
        'dry-run': { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    throw new EventUsageError(`${(error as Error).message.split('\n')[0]!.split('. To ')[0]}\n${USAGE}`);
  }
  const { name = '', at = '', page = [], prequeue = '0s' } = given;
  const startAt = momentOf(at);
  const forMs = durationOf(given.for ?? '');
  const prequeueMs = durationOf(prequeue);
  const mistakes: string[] = [];
  if (!/^[^\0-\x1f]{1,80}$/.test(name)) mistakes.push(`--name ${JSON.stringify(name)}: must be 1 to 80 characters`);
  if (startAt === undefined)
    mistakes.push(`--at ${JSON.stringify(at)}: must be a time with its zone, such as 2026-12-01T20:00+07:00`);
  if (forMs === undefined || forMs <= 0 || forMs > MAX_FOR_MS)
    mistakes.push(
      `--for ${JSON.stringify(given.for ?? '')}: must be a time such as 90s, 30m, 2h or 1h30m, at most 14d`,
    );
  else if (startAt !== undefined && startAt + forMs <= now)
    mistakes.push(`--at ${JSON.stringify(at)}: that is over already`);
  if (prequeueMs === undefined || prequeueMs > MAX_PREQUEUE_MS)
    mistakes.push(`--prequeue ${JSON.stringify(prequeue)}: must be a time such as 5m, at most 1h`);
  for (const one of page)
    if (!/^\/[^\s#]{0,2000}$/.test(one))
      mistakes.push(`--page ${JSON.stringify(one)}: must be a path that starts with /`);
  if (page.length > MAX_PAGES) mistakes.push(`--page: at most ${MAX_PAGES}, not ${page.length}`);
  if (mistakes.length > 0) throw new EventUsageError(mistakes.join('\n'));
  const id = createHash('sha256').update(`${name} ${startAt} ${now}`).digest('hex').slice(0, 6);
  return {
    id,
    name,
    startAt: startAt!,
    forMs: forMs!,
    pages: page,
    prequeueMs: prequeueMs!,
    dryRun: given['dry-run'] ?? false,
    at,
  };
}

const lasting = (ms: number): string => {
  const parts: string[] = [];
  let left = ms;
  for (const [unit, size] of Object.entries(UNITS).reverse()) {
    if (left >= size) parts.push(`${Math.floor(left / size)}${unit}`);
    left %= size;
  }
  return parts.join('') || '0s';
};

/** One line about an event. */
export function eventLine(event: PlannedEvent, now: number): string {
  const { id, name, startAt, forMs, pages, prequeueMs, dryRun, at } = event;
  const when =
    now < startAt
      ? `in ${lasting(startAt - now)}`
      : now < endOf(event)
        ? `now, ${lasting(endOf(event) - now)} left`
        : 'over';
  return [
    `${id}  ${name}: ${at} for ${lasting(forMs)} (${when})`,
    ...(prequeueMs > 0 ? [`visitors gather ${lasting(prequeueMs)} before`] : []),
    ...(pages.length > 0 ? [`pages ${pages.join(' ')}`] : []),
    ...(dryRun ? ['dry run'] : []),
  ].join(', ');
}

/**
 * Does what the words behind `event` say; gives the lines to print.
 * @throws {EventUsageError | EventFileError}
 */
export function runEventCommand(words: readonly string[], dataDir: string, now: number): string[] {
  const [verb, ...rest] = words;
  switch (verb) {
    case 'add': {
      const event = readAdd(rest, now);
      const events = readEvents(dataDir).filter((one) => now < endOf(one) + FORGET_MS);
      if (events.length >= MAX_EVENTS)
        throw new EventUsageError(`there are ${MAX_EVENTS} events already; remove one first`);
      writeEvents(
        dataDir,
        [...events, event].sort((a, b) => a.startAt - b.startAt),
      );
      return [eventLine(event, now)];
    }
    case 'list': {
      if (rest.length > 0) throw new EventUsageError(`event list takes nothing more; not ${rest.join(' ')}`);
      const events = readEvents(dataDir);
      return events.length === 0 ? ['no events'] : events.map((event) => eventLine(event, now));
    }
    case 'remove': {
      const [id = '', ...more] = rest;
      const events = readEvents(dataDir);
      const found = events.find((event) => event.id === id);
      if (found === undefined || more.length > 0)
        throw new EventUsageError(`event remove ${rest.join(' ')}: must be one id of event list`);
      writeEvents(
        dataDir,
        events.filter((event) => event !== found),
      );
      return [`removed: ${eventLine(found, now)}`];
    }
    default:
      throw new EventUsageError(`event ${verb ?? ''}: must be add, list or remove\n${USAGE}`);
  }
}
