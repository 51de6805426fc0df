import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { escapeHtml } from '../../escape-html.ts';
import { prefersJson, wantsJson } from './accept.ts';

/** Retry-After spread, s: visitors told to come back at the same moment would be the next surge. */
const RETRY_AFTER_SECONDS = [1, 2, 3, 4, 5] as const;

/**
 * `random` in [0, 1) chooses the Retry-After. `begun`: the site was at work on the request, so nobody knows whether what
 * was sent was taken.
 */
export type RefusalWriter = (
  request: IncomingMessage,
  response: ServerResponse,
  random: number,
  begun?: boolean,
) => void;

export interface Refusals {
  write: RefusalWriter;
  /**
   * The whole answer to a GET, for a socket, with its Date. `connection`: header lines as `headBytes` takes them; `now`:
   * epoch ms.
   */
  bytes: (accept: string | undefined, connection: string, random: number, now: number) => Buffer;
}

interface Refusal {
  head: string[];
  body: Buffer;
}

/**
 * Answers "not now" with bytes made once: JSON for programs, a friendly page for people. The page loads itself again
 * (without JavaScript) only where the request was a GET or HEAD: a reload of anything else would ask for the address
 * without what was sent. The connection is kept: closing it would cost four times as much as the answer.
 */
export function createRefusals(options: { siteName: string; extraHeaders: readonly string[] }): Refusals {
  const variants = RETRY_AFTER_SECONDS.map((seconds) => {
    const json = Buffer.from(
      `${JSON.stringify({ error: { status: 503, code: 'BUSY', message: 'The server is busy. Please try again shortly.', retryAfterSeconds: seconds } })}\n`,
    );
    const head = (type: string, body: Buffer): string[] => [
      ...options.extraHeaders,
      'content-type',
      type,
      'content-length',
      String(body.length),
      'retry-after',
      String(seconds),
      'cache-control',
      'no-store',
      'content-security-policy',
      `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style(seconds)).digest('base64')}'`,
      'x-content-type-options',
      'nosniff',
    ];
    const page = (text: string): Refusal => {
      const body = Buffer.from(text);
      return { body, head: head('text/html; charset=utf-8', body) };
    };
    const waiting = page(waitingPage(options.siteName, seconds));
    return {
      // The header does what a meta element would do (HTML, section "The Refresh header").
      waiting: { ...waiting, head: [...waiting.head, 'refresh', String(seconds)] },
      notTaken: page(notTakenPage(options.siteName, seconds)),
      unsure: page(unsurePage(options.siteName, seconds)),
      json: { body: json, head: head('application/json; charset=utf-8', json) },
    };
  });
  const choose = (kind: keyof (typeof variants)[number], random: number): Refusal =>
    variants[Math.floor(random * variants.length)]![kind];
  let second = 0;
  const whole = new Map<string, Buffer>();
  return {
    write(request, response, random, begun = false) {
      const page = isReading(request) ? 'waiting' : begun ? 'unsure' : 'notTaken';
      const { head, body } = choose(wantsJson(request) ? 'json' : page, random);
      response.writeHead(503, head);
      response.end(request.method === 'HEAD' ? undefined : body);
    },
    bytes(accept, connection, random, now) {
      if (Math.floor(now / 1_000) !== second) {
        second = Math.floor(now / 1_000);
        whole.clear();
      }
      const json = prefersJson(accept);
      const name = `${Math.floor(random * variants.length)} ${json} ${connection}`;
      let bytes = whole.get(name);
      if (bytes === undefined) {
        const { head, body } = choose(json ? 'json' : 'waiting', random);
        let text = 'HTTP/1.1 503 Service Unavailable\r\n';
        for (let at = 0; at < head.length; at += 2) text += `${head[at]}: ${head[at + 1]}\r\n`;
        text += `date: ${new Date(second * 1_000).toUTCString()}\r\n${connection}\r\n`;
        bytes = Buffer.concat([Buffer.from(text, 'latin1'), body]);
        whole.set(name, bytes);
      }
      return bytes;
    },
  };
}

const isReading = ({ method }: IncomingMessage): boolean => method === 'GET' || method === 'HEAD';

/** The bar fills in the time after which it is worth to try again. */
export const style = (seconds: number): string =>
  `body{font:1.1rem/1.6 system-ui,sans-serif;max-width:32rem;margin:18vh auto;padding:0 1.5rem;color:#12303a;background:#f4f8f8}h1{font-size:1.6rem;line-height:1.2}a{color:inherit}div{height:6px;border-radius:3px;margin:2rem 0;background:#d3dedd;overflow:hidden}div::after{content:"";display:block;height:100%;background:#0b5b6c;transform-origin:left;animation:fill ${seconds}s linear}@keyframes fill{from{transform:scaleX(0)}}@media(prefers-color-scheme:dark){body{color:#dcebec;background:#0d1c22}div{background:#234049}div::after{background:#7ccfd8}}@media(prefers-reduced-motion){div{display:none}}`;

const inSeconds = (seconds: number): string => `${seconds} second${seconds === 1 ? '' : 's'}`;

/** The page of those who asked for something. An empty address is that of the page itself, whatever it is. */
const waitingPage = (siteName: string, seconds: number): string =>
  page(siteName, seconds, 'One moment, please', [
    `Many people are visiting ${escapeHtml(siteName)} right now. This page tries again by itself in ${inSeconds(seconds)}; you need not do anything.`,
    '<a href="">Try now</a>',
  ]);

/** The page of those who sent something that nobody has looked at. */
const notTakenPage = (siteName: string, seconds: number): string =>
  page(siteName, seconds, 'This was not taken', [
    `Many people are visiting ${escapeHtml(siteName)} right now, and what you sent was not taken.`,
    `Please go back: what you typed is kept. Send it again in ${inSeconds(seconds)}.`,
  ]);

/** The page of those whose sending was begun and not finished in time. */
const unsurePage = (siteName: string, seconds: number): string =>
  page(siteName, seconds, 'This took too long', [
    `Many people are visiting ${escapeHtml(siteName)} right now, and what you sent was perhaps not taken.`,
    `Please look first whether it is there. If it is not, go back: what you typed is kept. Send it again in ${inSeconds(seconds)}.`,
  ]);

/** `paragraphs`: HTML. */
export function page(siteName: string, seconds: number, heading: string, paragraphs: readonly string[]): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${heading} - ${escapeHtml(siteName)}</title>
<style>${style(seconds)}</style>
</head>
<body>
<main>
<h1>${heading}</h1>
${paragraphs.map((text) => `<p>${text}</p>`).join('\n')}
<div aria-hidden="true"></div>
</main>
</body>
</html>
`;
}
