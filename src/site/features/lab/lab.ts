import { pipeline } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { bodyParser } from '@koa/bodyparser';
import Router from '@koa/router';
import type { Context } from 'koa';
import type { z } from 'zod';
import type { RoutePolicy, SiteContext } from '../../../engine/site.ts';
import { blockLoop } from './block.ts';
import { leak } from './leak.ts';
import { labPage } from './page.ts';
import { labPolicies } from './policies.ts';
import {
  blockQuery,
  type Fault,
  faultBody,
  leakQuery,
  pageQuery,
  poolQuery,
  streamQuery,
  waitQuery,
  workQuery,
} from './query.ts';
import { createRenderCounter } from './renders.ts';
import { eventStream } from './stream.ts';
import { createUpstream } from './upstream.ts';
import { createWork } from './work.ts';

const PAGE_NUMBER = /^\d{1,9}$/;

/**
 * Routes that make load and faults on purpose, for tests, benches and stress runs; mounted only in lab mode.
 * @param injectFault makes a feature of this worker fail as told; called on every worker
 */
export function labFeature(
  context: SiteContext,
  injectFault: (fault: Fault) => void,
): { router: Router; policies: readonly RoutePolicy[] } {
  const work = createWork(process.env.TAHAN_INTERNAL_LAB_RATE);
  const rendersOf = createRenderCounter();
  const askUpstream = createUpstream(process.env.TAHAN_INTERNAL_LAB_UPSTREAM);
  const router = new Router({ prefix: '/lab' });

  context.onBroadcast('lab-fault', (body) => injectFault(faultBody.parse(body)));
  context.onBroadcast('lab-block', (body) => blockLoop(blockQuery.parse(body).ms));

  router.get('/work', (ctx) => {
    const { ms, dist } = read(ctx, workQuery, ctx.query);
    work.run(ms, dist);
    done(ctx);
  });

  router.get('/wait', async (ctx) => {
    const { ms } = read(ctx, waitQuery, ctx.query);
    await delay(ms, undefined, { signal: context.request(ctx.req).signal });
    done(ctx);
  });

  router.get('/pool', async (ctx) => {
    const { ms } = read(ctx, poolQuery, ctx.query);
    const { signal } = context.request(ctx.req);
    await context.pool.run('labBurn', { iterations: Math.round(ms * work.iterationsPerMs) }, { signal });
    done(ctx);
  });

  router.get('/fetch', async (ctx) => {
    await askUpstream(context.request(ctx.req).signal);
    done(ctx);
  });

  router.get('/stream', (ctx) => {
    const { every } = read(ctx, streamQuery, ctx.query);
    ctx.type = 'text/event-stream';
    ctx.set('Cache-Control', 'no-store');
    ctx.status = 200;
    // Not by Koa, to which a reader that goes is an error: here it is the usual end.
    ctx.respond = false;
    pipeline(eventStream(every), ctx.res, () => {});
  });

  router.get('/page/:n', (ctx) => {
    const { cost, ttl, size } = read(ctx, pageQuery, ctx.query);
    const page = ctx.params.n ?? '';
    if (!PAGE_NUMBER.test(page)) ctx.throw(404, `/lab/page/${page}: a page is a number of up to 9 digits`);
    work.run(cost, 'fixed');
    ctx.set('Cache-Control', `public, max-age=${ttl}`);
    ctx.set('X-Lab-Render', String(rendersOf(page)));
    ctx.set('X-Lab-Renderer', context.processName); // X-Tahan-Process names who answered, this one who rendered
    ctx.type = 'html';
    ctx.body = labPage(page, size);
  });

  router.get('/block', (ctx) => {
    const { ms, all } = read(ctx, blockQuery, ctx.query);
    if (all === '1') context.broadcast('lab-block', { ms });
    else blockLoop(ms);
    done(ctx);
  });

  router.get('/crash', (ctx) => {
    setImmediate(() => {
      throw new Error('GET /lab/crash asked for this');
    });
    ctx.status = 202;
    done(ctx);
  });

  router.get('/leak', (ctx) => {
    const { mb } = read(ctx, leakQuery, ctx.query);
    ctx.body = { leakedMb: leak(mb) };
  });

  router.post('/fault', bodyParser({ enableTypes: ['json'] }), (ctx) => {
    const fault = read(ctx, faultBody, ctx.request.body);
    context.broadcast('lab-fault', fault);
    ctx.status = 202;
    ctx.body = fault;
  });

  return { router, policies: labPolicies };
}

function done(ctx: Context): void {
  ctx.type = 'text/plain';
  ctx.body = 'done\n';
}

/** The input as the schema reads it; a wrong one is answered with 400 and says what is wrong. */
function read<Schema extends z.ZodType>(ctx: Context, schema: Schema, input: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  return ctx.throw(400, problems.join('; '));
}
