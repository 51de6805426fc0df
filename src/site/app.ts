import { bodyParser } from '@koa/bodyparser';
import Router from '@koa/router';
import Koa from 'koa';
import type { Site, SiteContext } from '../engine/site.ts';
import { openReader } from './data/open.ts';
import { meterWaits } from './data/waits.ts';
import { accountFeature } from './features/account/account.ts';
import { registerFeature } from './features/account/register.ts';
import { signInFeature } from './features/account/sign-in.ts';
import { dashboardFeature } from './features/dashboard/dashboard.ts';
import { createRecorder } from './features/dashboard/recorder.ts';
import { announcementsFeature } from './features/editor/announcements.ts';
import { editorFeature } from './features/editor/editor.ts';
import { homeFeature } from './features/home/home.ts';
import { labFeature } from './features/lab/lab.ts';
import { feedsFeature } from './features/posts/feeds.ts';
import { likesFeature } from './features/posts/likes.ts';
import { postsFeature } from './features/posts/posts.ts';
import { startPublisher } from './features/posts/publisher.ts';
import { usersFeature } from './features/users/users.ts';
import { createAssets } from './http/assets.ts';
import { cookieName } from './http/cookies.ts';
import { csrfCheck, csrfTokens } from './http/csrf.ts';
import { createDisk } from './http/disk.ts';
import { errorPages } from './http/errors.ts';
import { createFeatures } from './http/feature.ts';
import { PRIVATE } from './http/public-page.ts';
import { securityHeaders } from './http/security.ts';
import { hasSignedCookie, sessions } from './http/session.ts';
import { createViews } from './http/views.ts';
import type { SiteParts } from './parts.ts';
import { taskCaller } from './tasks/call.ts';

const VIEWS = new URL('../../views/', import.meta.url);

/** The features of the site; the first whose route matches answers. */
const FEATURES = [
  homeFeature,
  postsFeature,
  likesFeature,
  feedsFeature,
  signInFeature,
  registerFeature,
  accountFeature,
  dashboardFeature,
  announcementsFeature,
  editorFeature,
  usersFeature,
] as const;

/**
 * The site that ships with Tahan.
 * @throws when the database is missing or a template cannot be compiled
 */
export function createSite(context: SiteContext): Site {
  const { settings, log } = context;
  const db = openReader(settings.dataDir);
  const assets = createAssets(new URL('assets/', VIEWS), new URL('styles/', VIEWS));
  const views = createViews(VIEWS, settings, assets);
  const disk = createDisk((line) => log.error(line));
  const call = disk.watch(taskCaller(context.pool, settings.dataDir));
  const recorder = createRecorder(call, log);
  const parts: SiteParts = { context, db, call, views, features: createFeatures(context), recorder };
  const built = [assets, ...FEATURES.map((feature) => feature(parts))];
  const lab = settings.lab ? labFeature(context, parts.features.injectFault) : undefined;
  const router = new Router();
  for (const feature of built) router.use(feature.router.routes());
  const stopPublisher = startPublisher(parts);
  const waits = meterWaits();

  const app = new Koa();
  app.on('error', (error: Error) => log.error({ err: error }, 'an answer could not be sent'));
  app.use(securityHeaders(settings));
  app.use(sessions(parts));
  app.use(csrfTokens(settings));
  app.use(errorPages(views, log));
  // The lab's routes are for programs in a test set-up: without the forms' protection.
  if (lab !== undefined) app.use(lab.router.routes());
  const body = bodyParser({
    enableTypes: ['form', 'json'],
    formLimit: settings.bodyLimit,
    jsonLimit: settings.bodyLimit,
  });
  const check = csrfCheck(settings);
  app.use(async (ctx, next) => {
    ctx.set('Cache-Control', PRIVATE);
    // A write to an address that takes none is told so, whatever it carries.
    if (!router.match(ctx.path, ctx.method).route) return next();
    return body(ctx, () => check(ctx, next));
  });
  app.use(router.routes());
  app.use(router.allowedMethods());

  return {
    handler: app.callback(),
    policies: [...built, ...(lab === undefined ? [] : [lab])].flatMap(({ policies }) => [...policies]),
    mainPage: '/',
    tasks: new URL('./tasks/index.ts', import.meta.url),
    sessionCookies: [cookieName(settings, 'session'), cookieName(settings, 'form')],
    isMember: (request) => hasSignedCookie(request, settings),
    health: () => ({ ...parts.features.health(), disk: disk.state() }),
    waitedMs: waits.totalMs,
    async close() {
      stopPublisher();
      await recorder.close();
      waits.close();
      db.close();
    },
  };
}
