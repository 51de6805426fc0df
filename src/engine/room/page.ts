import { createHash } from 'node:crypto';
import type { Standing } from './estimate.ts';
import { fill, type Template } from './template.ts';
import { ROOM_LANGUAGES, type RoomTexts, TEXTS } from './texts.ts';

/** An answer of the door: header lines, name and value in turn, and a body. */
export interface RoomAnswer {
  head: readonly string[];
  body: Buffer;
}

/** What somebody who waits is told. */
export interface Told {
  room: string;
  /** Absent: places are not drawn yet. */
  standing: Standing | undefined;
  /** Seconds until an event starts; undefined: nothing is waited for but room. */
  beginsInSeconds: number | undefined;
  /** When to look again, s. */
  again: number;
  json: boolean;
  language: string;
  cookie: string;
}

export interface WaitingPagesOptions {
  siteName: string;
  template: Template;
  /** Headers that every answer carries, name and value in turn. */
  extraHeaders: readonly string[];
}

/** Pages that are kept, as many people come at once and are told the same; one has 2 KiB, a team's own at most 32. */
export const MAX_KEPT_PAGES = 64;
/** Whose turn is so near is told so, s. */
const NEXT_S = 3;

/** Makes the answers to those who wait: a page for people, JSON for programs. */
export class WaitingPages {
  private readonly options: WaitingPagesOptions;
  private readonly policy: string;
  private readonly kept = new Map<string, Buffer>();

  constructor(options: WaitingPagesOptions) {
    this.options = options;
    const hashes = options.template.styles.map(
      (style) => `'sha256-${createHash('sha256').update(style).digest('base64')}'`,
    );
    this.policy = `default-src 'none'; img-src data:; style-src ${hashes.join(' ') || "'none'"}; frame-ancestors 'none'`;
  }

  answer(told: Told): RoomAnswer {
    const again = String(Math.max(1, Math.round(told.again)));
    const body = told.json ? Buffer.from(this.json(told, again)) : this.keptPage(told);
    return {
      body,
      head: [
        ...this.options.extraHeaders,
        'content-type',
        told.json ? 'application/json; charset=utf-8' : 'text/html; charset=utf-8',
        'content-length',
        String(body.length),
        'retry-after',
        again,
        // The header does what a meta element would do (HTML, section "The Refresh header").
        ...(told.json ? [] : ['refresh', again, 'content-security-policy', this.policy]),
        'cache-control',
        'no-store',
        'x-content-type-options',
        'nosniff',
        'set-cookie',
        told.cookie,
      ],
    };
  }

  private json({ room, standing, beginsInSeconds }: Told, again: string): string {
    const error = {
      status: 503,
      code: 'WAITING_ROOM',
      message: 'You are in line. Keep the cookie, and ask again.',
      retryAfterSeconds: Number(again),
    };
    const waiting = {
      room,
      place: standing?.place ?? null,
      waiting: standing?.waiting ?? null,
      seconds: standing === undefined ? null : Math.round(standing.seconds),
      secondsFrom: standing === undefined ? null : Math.round(standing.lowSeconds),
      secondsTo: standing === undefined ? null : Math.round(standing.highSeconds),
      beginsInSeconds: beginsInSeconds === undefined ? null : Math.ceil(beginsInSeconds),
    };
    return `${JSON.stringify({ error, waiting })}\n`;
  }

  private keptPage(told: Told): Buffer {
    const { standing, beginsInSeconds, language } = told;
    const { place = 0, waiting = 0, seconds = 0, lowSeconds = 0, highSeconds = 0 } = standing ?? {};
    const times = [lowSeconds, highSeconds, beginsInSeconds ?? -1].map(Math.round).join(' ');
    const key = `${language} ${place} ${waiting} ${seconds < NEXT_S} ${times}`;
    const known = this.kept.get(key);
    if (known !== undefined) return known;
    const made = Buffer.from(this.page(told));
    if (this.kept.size >= MAX_KEPT_PAGES) this.kept.clear();
    this.kept.set(key, made);
    return made;
  }

  private page({ standing, beginsInSeconds, language }: Told): string {
    const texts = TEXTS[language] ?? TEXTS.en!;
    const { siteName, template } = this.options;
    const number = numberIn(language);
    const state =
      standing === undefined || beginsInSeconds !== undefined
        ? 'before'
        : standing.seconds < NEXT_S
          ? 'next'
          : 'waiting';
    const { place = 1, waiting = 1 } = standing ?? {};
    return fill(template, {
      lang: ROOM_LANGUAGES.includes(language) ? language : 'en',
      siteName,
      state,
      heading: texts[state].heading,
      text: texts[state].text(siteName),
      placeLabel: texts.placeLabel,
      place: number.format(place),
      ofWaiting: texts.ofWaiting(number.format(waiting)),
      waitLabel: state === 'before' ? texts.beginsLabel : texts.waitLabel,
      wait:
        beginsInSeconds !== undefined
          ? waitInWords(texts, beginsInSeconds, beginsInSeconds)
          : standing === undefined
            ? texts.moment
            : waitInWords(texts, standing.lowSeconds, standing.highSeconds),
      progress: String(Math.round((100 * Math.max(0, waiting - place)) / Math.max(1, waiting))),
      progressLabel: texts.progress,
      note: texts.note,
    });
  }
}

const numbers = new Map<string, Intl.NumberFormat>();
function numberIn(language: string): Intl.NumberFormat {
  let found = numbers.get(language);
  if (found === undefined) {
    found = new Intl.NumberFormat(ROOM_LANGUAGES.includes(language) ? language : 'en');
    numbers.set(language, found);
  }
  return found;
}

/** A range no more exact than it is meant: in steps of 10 s up to one and a half minutes, then in minutes. */
export function waitInWords(texts: RoomTexts, lowSeconds: number, highSeconds: number): string {
  if (highSeconds < 10) return texts.moment;
  if (highSeconds <= 90) {
    const from = Math.max(10, Math.floor(lowSeconds / 10) * 10);
    return texts.about(String(from), String(Math.max(from, Math.ceil(highSeconds / 10) * 10)), 'second');
  }
  const from = Math.max(1, Math.floor(lowSeconds / 60));
  return texts.about(String(from), String(Math.max(from, Math.ceil(highSeconds / 60))), 'minute');
}
