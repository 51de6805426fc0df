import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { BlockList, isIP } from 'node:net';
import type { Controls } from '../beats.ts';
import { clientAddress } from '../client.ts';
import { escapeHtml } from '../escape-html.ts';
import { wantsJson } from './answer/accept.ts';

/** When those who find something closed may look again, s. */
const RETRY_AFTER_SECONDS = 60;
/** What watches and balances the server is answered in any case. */
const OPEN_PATH = /^\/(?:health(?:\/(?:live|ready))?|metrics)(?:\?|$)/;
const STATUS_PATH = /^\/status(?:\?|$)/;

export type Closed = 'maintenance' | 'off' | 'blocked';

/** What an operator has closed: all of the site, some of its paths, or the server for some networks. */
export class Closures {
  /** Whether anything is closed: else a request is not looked at. */
  active = false;
  private maintenance = false;
  private off: readonly string[] = [];
  private blocked: { list: BlockList; untilMs: number }[] = [];
  private readonly trusted: BlockList;
  private readonly siteName: string;
  private readonly statusPage: boolean;

  constructor(trusted: BlockList, siteName: string, statusPage: boolean) {
    this.trusted = trusted;
    this.siteName = siteName;
    this.statusPage = statusPage;
  }

  set({ maintenance, off, blocked }: Pick<Controls, 'maintenance' | 'off' | 'blocked'>): void {
    this.maintenance = maintenance;
    this.off = off;
    this.blocked = blocked.map(({ network, untilMs }) => ({ list: listOf(network), untilMs }));
    this.active = maintenance || off.length > 0 || blocked.length > 0;
  }

  /** Answers a request that finds something closed; false: it may go on. */
  answer(request: IncomingMessage, response: ServerResponse): boolean {
    const target = request.url ?? '/';
    if (OPEN_PATH.test(target) || (this.statusPage && STATUS_PATH.test(target))) return false;
    const closed = this.closedFor(target, () => clientAddress(request, this.trusted), Date.now());
    if (closed === undefined) return false;
    const { status, title, text } = WORDS[closed];
    const isJson = wantsJson(request);
    const body = isJson
      ? `${JSON.stringify({ error: { status, code: closed.toUpperCase(), message: text } })}\n`
      : page(this.siteName, title, text);
    // A body may follow that nobody reads.
    if (request.method !== 'GET' && request.method !== 'HEAD') response.shouldKeepAlive = false;
    response.writeHead(status, {
      'content-type': isJson ? 'application/json; charset=utf-8' : 'text/html; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      'cache-control': 'no-store',
      'content-security-policy': POLICY,
      'x-content-type-options': 'nosniff',
      ...(status === 503 ? { 'retry-after': String(RETRY_AFTER_SECONDS) } : {}),
    });
    response.end(request.method === 'HEAD' ? undefined : body);
    return true;
  }

  /** `now`: epoch ms. */
  closedFor(target: string, address: () => string, now: number): Closed | undefined {
    if (this.blocked.some(({ untilMs }) => untilMs > now)) {
      const from = address();
      const family = isIP(from) === 6 ? 'ipv6' : 'ipv4';
      if (this.blocked.some(({ list, untilMs }) => untilMs > now && list.check(from, family))) return 'blocked';
    }
    if (this.maintenance) return 'maintenance';
    const path = target.split('?', 1)[0]!;
    return this.off.some((closed) => path === closed || path.startsWith(`${closed.replace(/\/$/, '')}/`))
      ? 'off'
      : undefined;
  }
}

function listOf(network: string): BlockList {
  const list = new BlockList();
  const [address = '', bits] = network.split('/');
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  if (bits === undefined) list.addAddress(address, family);
  else list.addSubnet(address, Number(bits), family);
  return list;
}

const WORDS: Record<Closed, { status: 403 | 503; title: string; text: string }> = {
  maintenance: {
    status: 503,
    title: 'We are at work on it',
    text: 'The site is closed for a moment for maintenance. Please come back soon.',
  },
  off: {
    status: 503,
    title: 'Switched off for now',
    text: 'This part of the site is switched off for now, so that the rest stays up. Please come back later.',
  },
  blocked: { status: 403, title: 'Not from here', text: 'Requests from this network are not answered at the moment.' },
};

const STYLE =
  'body{font:1.1rem/1.6 system-ui,sans-serif;max-width:32rem;margin:18vh auto;padding:0 1.5rem;color:#12303a;background:#f4f8f8}h1{font-size:1.6rem;line-height:1.2}a{color:inherit}@media(prefers-color-scheme:dark){body{color:#dcebec;background:#0d1c22}}';
const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`;

const page = (siteName: string, title: string, text: string): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${title} · ${escapeHtml(siteName)}</title><style>${STYLE}</style></head><body><main><h1>${title}</h1><p>${text}</p></main></body></html>\n`;
