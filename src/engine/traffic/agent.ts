import Bowser from 'bowser';
import { isbot } from 'isbot';
import { BoundedMemo } from './memo.ts';

/** Who asks: a person, a bot that says so, or one that only behaves like it. */
export const AGENT_KINDS = ['person', 'bot', 'suspected'] as const;
export type AgentKind = (typeof AGENT_KINDS)[number];

/** What a User-Agent header says of its sender. */
export interface Agent {
  declaredBot: boolean;
  /** Browser family of a person, name of a bot; `other` where it is not known. */
  family: string;
  device: 'desktop' | 'phone' | 'tablet' | 'other';
}

/** No browser has a longer one. */
const LOOKED_AT = 512;
const NOBODY: Agent = { declaredBot: true, family: 'no user agent', device: 'other' };

/** Browser families with a label of their own; the rest is `other`. */
const FAMILIES = new Set([
  'Chrome',
  'Safari',
  'Firefox',
  'Microsoft Edge',
  'Opera',
  'Samsung Internet for Android',
  'UC Browser',
  'Android Browser',
  'Yandex Browser',
  'Vivaldi',
  'DuckDuckGo',
  'Internet Explorer',
]);

/** The word by which a bot names itself: the token that holds `bot`, `crawl`, `spider`; else the first product (`curl`). */
function botName(userAgent: string): string {
  const named = /([a-z0-9_.+-]*(?:bot|crawl|spider|slurp)[a-z0-9_.+-]*)/i.exec(userAgent)?.[1];
  const name = named ?? /^([a-z0-9_.+-]+)/i.exec(userAgent)?.[1] ?? 'other';
  return name.slice(0, 40);
}

/** Reads a user agent. Some 20 µs: callers remember what it gave. */
export function readAgent(userAgent: string): Agent {
  const text = userAgent.slice(0, LOOKED_AT);
  if (text.trim() === '') return NOBODY;
  if (isbot(text)) return { declaredBot: true, family: botName(text), device: 'other' };
  const { browser, platform } = Bowser.parse(text);
  const family = browser.name ?? '';
  return {
    declaredBot: false,
    family: FAMILIES.has(family) ? family : 'other',
    device:
      platform.type === 'mobile'
        ? 'phone'
        : platform.type === 'tablet'
          ? 'tablet'
          : platform.type === 'desktop'
            ? 'desktop'
            : 'other',
  };
}

const UNKNOWN: Agent = { declaredBot: false, family: 'other', device: 'other' };

/** Reads user agents and remembers them; of those it has not seen, so many between two calls of `rest`. */
export class Agents {
  private readonly memo: BoundedMemo<Agent>;
  private readonly mostReads: number;
  private reads = 0;

  /** `mostReads`: in a flood of user agents made up at random, each would cost as much as a page. */
  constructor(max: number, mostReads: number) {
    this.mostReads = mostReads;
    this.memo = new BoundedMemo(max, (userAgent) => {
      this.reads += 1;
      return this.reads > this.mostReads ? UNKNOWN : readAgent(userAgent);
    });
  }

  of(userAgent: string): Agent {
    return this.memo.of(userAgent);
  }

  rest(): void {
    // What was too much to read is read when it comes again.
    if (this.reads > this.mostReads) this.memo.clear();
    this.reads = 0;
  }
}
