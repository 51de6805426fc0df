import type { RequestListener } from 'node:http';
import type { Monitor } from './monitor.ts';

const HOUR_MS = 3_600_000;
const POINTS = 600;

/** What the monitor serves as JSON: history, events, and the newest sample. */
export const createListener =
  (monitor: Monitor): RequestListener =>
  (request, response) => {
    const send = (status: number, body: unknown): void => {
      response.writeHead(status, {
        'content-type': 'application/json; charset=utf-8',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
      });
      response.end(request.method === 'HEAD' ? undefined : `${JSON.stringify(body)}\n`);
    };
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      send(405, { problem: 'only GET and HEAD here' });
      return;
    }
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://monitor');
    const number = (name: string, standard: number): number => {
      const value = Number(searchParams.get(name) ?? standard);
      return Number.isFinite(value) ? value : standard;
    };
    const toMs = number('to', Date.now());
    const fromMs = number('from', toMs - HOUR_MS);
    switch (pathname) {
      case '/ops/latest.json':
        send(200, monitor.history.latest() ?? null);
        return;
      case '/ops/history.json':
        send(200, monitor.history.query({ fromMs, toMs, points: number('points', POINTS) }));
        return;
      case '/ops/events.json':
        send(200, monitor.history.events({ fromMs, toMs }));
        return;
      default:
        send(404, { problem: 'here are /ops/latest.json, /ops/history.json and /ops/events.json' });
    }
  };
