import { setTimeout as delay } from 'node:timers/promises';
import { blockLoop } from '../../src/site/features/lab/block.ts';
import { labPage } from '../../src/site/features/lab/page.ts';
import { createWork } from '../../src/site/features/lab/work.ts';

// The very code of Tahan's lab routes, at the rate that the bench gives to every server.
const work = createWork(process.env.TAHAN_INTERNAL_LAB_RATE);
const PAGE_BYTES = 10_240;
const HTML = 'text/html; charset=utf-8';
const TEXT = 'text/plain; charset=utf-8';
const MAIN_PAGE = labPage('main', PAGE_BYTES);

/** Name of this process in the answers; the bench watches it to see who serves. */
export const processName = `worker-${process.env.PEER_WORKER ?? process.pid}`;

let pool;

/** The task in a plain piscina, with its standard settings; made at the first task, as most benches have none. */
async function inPool(input) {
  pool ??= import('piscina').then(
    ({ Piscina }) => new Piscina({ filename: new URL('./burn-task.js', import.meta.url).href }),
  );
  return (await pool).run(input);
}

const number = (query, name, standard) => Number(query.get(name) ?? standard);

/**
 * What every peer answers, framework apart: `{ status, headers, body }` for a path with its query.
 * Asynchronous only where the route waits, so that no peer pays for a promise it does not need.
 */
export function answer(url) {
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
  if (path === '/lab/work') {
    work.run(number(query, 'ms', 5), query.get('dist') === 'exp' ? 'exp' : 'fixed');
    return reply(200, TEXT, 'done\n');
  }
  if (path.startsWith('/lab/page/')) {
    work.run(number(query, 'cost', 5), 'fixed');
    const page = reply(200, HTML, labPage(path.slice('/lab/page/'.length), number(query, 'size', PAGE_BYTES)));
    page.headers['cache-control'] = `public, max-age=${number(query, 'ttl', 2)}`;
    return page;
  }
  if (path === '/lab/wait') return delay(number(query, 'ms', 50)).then(() => reply(200, TEXT, 'done\n'));
  if (path === '/lab/pool')
    return inPool({ iterations: Math.round(number(query, 'ms', 30) * work.iterationsPerMs) }).then(() =>
      reply(200, TEXT, 'done\n'),
    );
  if (path === '/lab/block') {
    blockLoop(number(query, 'ms', 3000));
    return reply(200, TEXT, 'done\n');
  }
  if (path === '/') return reply(200, HTML, MAIN_PAGE);
  if (path === '/health/ready') return reply(200, TEXT, 'ready\n');
  return reply(404, TEXT, 'not found\n');
}

function reply(status, type, body) {
  return { status, headers: { 'content-type': type, 'x-tahan-process': processName }, body };
}
