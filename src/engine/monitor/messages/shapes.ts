import { type AlertMessage, headline } from './message.ts';

export const SHAPES = ['json', 'slack', 'discord', 'telegram', 'ntfy', 'alertmanager'] as const;
export type Shape = (typeof SHAPES)[number];

export interface Post {
  headers: Record<string, string>;
  body: string;
}

const JSON_TYPE = { 'content-type': 'application/json' };
const asJson = (body: unknown): Post => ({ headers: JSON_TYPE, body: JSON.stringify(body) });
/** Discord takes 2,000 characters, Telegram 4,096. */
const MAX_TEXT = 1_900;

const textOf = (message: AlertMessage): string =>
  `${headline(message)}\n${message.state === 'firing' ? message.sentence : ''}`.trim().slice(0, MAX_TEXT);
/** Slack reads `<`, `>` and `&` as marks of its own. */
const forSlack = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
/** A header's value is Latin-1, on one line. */
const forHeader = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?').slice(0, 200);

/** What each kind of receiver wants to get. Pure. */
export const SHAPE_OF: Readonly<Record<Shape, (message: AlertMessage) => Post>> = {
  json: (message) => asJson(message),
  slack: (message) => asJson({ text: forSlack(textOf(message)) }),
  // Nobody is to be called by a name that came in a path.
  discord: (message) => asJson({ content: textOf(message), allowed_mentions: { parse: [] } }),
  telegram: (message) => asJson({ text: textOf(message), disable_web_page_preview: true }),
  ntfy: (message) => ({
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      title: forHeader(`${message.site}: ${message.alert} ${message.state}`),
      priority: message.state === 'resolved' ? 'low' : message.severity === 'critical' ? 'urgent' : 'high',
      tags: message.state === 'resolved' ? 'white_check_mark' : 'warning',
    },
    body: textOf(message),
  }),
  alertmanager: (message) =>
    asJson([
      {
        labels: { alertname: `Tahan_${message.alert}`, severity: message.severity, site: message.site },
        annotations: { summary: message.text, description: message.sentence },
        startsAt: new Date(message.firedAt).toISOString(),
        ...(message.state === 'resolved' ? { endsAt: new Date(message.at).toISOString() } : {}),
        ...(message.url === '' ? {} : { generatorURL: message.url }),
      },
    ]),
};

/** Where a webhook goes. */
export interface Webhook {
  shape: Shape;
  url: URL;
}

/** Reads `https://...` or `slack+https://...`; undefined: it is neither. */
export function parseWebhook(text: string): Webhook | undefined {
  const found = /^(?:([a-z]+)\+)?(https?:\/\/.+)$/.exec(text);
  const shape = SHAPES.find((each) => each === (found?.[1] ?? 'json'));
  if (found === null || shape === undefined || !URL.canParse(found[2]!)) return undefined;
  return { shape, url: new URL(found[2]!) };
}
