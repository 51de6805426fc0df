import Router from '@koa/router';
import type { CachePolicy } from '../../../engine/site.ts';
import { POSTS_TAG } from '../../data/cache-tags.ts';
import { newestFullPosts } from '../../data/posts.ts';
import { publicPage } from '../../http/public-page.ts';
import type { SiteFeature, SiteParts } from '../../parts.ts';

const FEED_POSTS = 20;
const CACHE: CachePolicy = { ttlMs: 300_000, swrMs: 600_000, tags: [POSTS_TAG] };
/** Pages that search engines have no use for. */
const NOT_FOR_ROBOTS = ['/dashboard', '/account', '/editor', '/login', '/register', '/search', '/lab'];

/** What programs read: Atom feed (RFC 4287), sitemap, robots.txt (RFC 9309). */
export function feedsFeature({ context, db, call, views, features }: SiteParts): SiteFeature {
  const { publicUrl } = context.settings;
  const { guard } = features.feature('posts');
  const router = new Router();

  router.get('/feed.xml', guard, (ctx) => {
    const posts = newestFullPosts(db, FEED_POSTS);
    const updated = Math.max(0, ...posts.map(({ updatedAt, publishAt }) => Math.max(updatedAt, publishAt ?? 0)));
    publicPage(ctx, CACHE, [POSTS_TAG]);
    ctx.body = views.text('feeds/atom', { posts, updated });
    ctx.type = 'application/atom+xml; charset=utf-8';
  });

  router.get('/sitemap.xml', guard, async (ctx) => {
    const result = await call('sitemapPosts', {}, { signal: ctx.state.visit.signal });
    if (!result.ok) throw new TypeError('sitemapPosts refused its input');
    publicPage(ctx, CACHE, [POSTS_TAG]);
    ctx.body = views.text('feeds/sitemap', { posts: result.posts });
    ctx.type = 'application/xml; charset=utf-8';
  });

  router.get('/robots.txt', (ctx) => {
    publicPage(ctx, CACHE, []);
    ctx.type = 'text/plain';
    ctx.body = [
      'User-agent: *',
      ...NOT_FOR_ROBOTS.map((path) => `Disallow: ${path}`),
      '',
      `Sitemap: ${publicUrl}/sitemap.xml`,
      '',
    ].join('\n');
  });

  return {
    router,
    policies: ['/feed.xml', '/sitemap.xml', '/robots.txt'].map((route) => ({
      route,
      methods: ['GET'],
      priority: 'background' as const,
      cache: CACHE,
    })),
  };
}
