import { request } from 'node:http';
import type { Headers } from '../../cache/directives.ts';
import { type CacheVerdict, cacheVerdict, type PageAnswer } from './cacheable.ts';
import type { Span } from './hot-spots.ts';
import { linksOf } from './links.ts';

/** GETs in all; each page is asked for twice. */
const MAX_GETS = 20;
/** All of them together begin within this, ms. */
const ALL_MS = 30_000;
const ONE_MS = 10_000;
const MAX_BODY = 1_048_576;

/** A page, how it was answered, and when it was asked for. */
export interface AskedPage extends Span {
  path: string;
  verdict: CacheVerdict;
  /** From the question to the whole of the second answer. */
  ms: number;
  isEventStream: boolean;
}

const clockUs = (): number => Number(process.hrtime.bigint() / 1_000n);

/** Asks for the main page and for what it links to, one after the other, as visitors without cookies. */
export async function askPages(port: number, mainPage: string): Promise<AskedPage[]> {
  const origin = `http://127.0.0.1:${port}`;
  const waiting = [mainPage];
  const known = new Set(waiting);
  const pages: AskedPage[] = [];
  const until = performance.now() + ALL_MS;
  while (waiting.length > 0 && pages.length < MAX_GETS / 2 && performance.now() < until) {
    const path = waiting.shift()!;
    const fromUs = clockUs();
    const first = await get(port, path);
    const began = performance.now();
    const second = await get(port, path);
    pages.push({
      path,
      verdict: cacheVerdict(first, second, Date.now()),
      ms: performance.now() - began,
      isEventStream: isOf(first.headers, 'text/event-stream'),
      fromUs,
      toUs: clockUs(),
    });
    const found = isOf(first.headers, 'text/html') ? linksOf(first.body.toString(), new URL(path, origin)) : [];
    const { location } = first.headers;
    if (typeof location === 'string' && URL.canParse(location, origin + path)) {
      const to = new URL(location, origin + path);
      if (to.origin === origin) found.unshift(to.pathname + to.search);
    }
    for (const link of found) {
      if (known.has(link) || known.size >= MAX_GETS) continue;
      known.add(link);
      waiting.push(link);
    }
  }
  return pages;
}

const isOf = (headers: Headers, type: string): boolean => String(headers['content-type'] ?? '').startsWith(type);

/** The answer, its body up to a bound; 599 where there is none. */
function get(port: number, path: string): Promise<PageAnswer> {
  return new Promise((resolve) => {
    const none = (): void => resolve({ status: 599, headers: {}, body: Buffer.alloc(0) });
    const headers = { accept: 'text/html,*/*;q=0.8', 'user-agent': 'tahan doctor' };
    const asked = request({ host: '127.0.0.1', port, path, headers, agent: false, timeout: ONE_MS }, (response) => {
      const parts: Buffer[] = [];
      let bytes = 0;
      const done = (): void =>
        resolve({
          status: response.statusCode ?? 599,
          headers: response.headers as Headers,
          body: Buffer.concat(parts),
        });
      response.on('data', (part: Buffer) => {
        parts.push(part);
        bytes += part.length;
        if (bytes > MAX_BODY) response.destroy();
      });
      response.on('close', done);
      response.on('error', done);
      // It has no end.
      if (isOf(response.headers as Headers, 'text/event-stream')) response.destroy();
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', none);
    asked.end();
  });
}
