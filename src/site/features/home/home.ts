import Router from '@koa/router';
import type { CachePolicy } from '../../../engine/site.ts';
import { HOME_TAG, POSTS_TAG } from '../../data/cache-tags.ts';
import { siteCounts } from '../../data/counts.ts';
import { newestPosts, pinnedPost } from '../../data/posts.ts';
import { popularTags } from '../../data/tags.ts';
import { countdown } from '../../http/format.ts';
import { publicPage } from '../../http/public-page.ts';
import type { SiteFeature, SiteParts } from '../../parts.ts';

const NEWEST = 6;
const TAGS = 14;
const CACHE: CachePolicy = { ttlMs: 5_000, swrMs: 30_000, tags: [HOME_TAG] };
/** A page with a part missing is only kept for a moment. */
const DEGRADED: CachePolicy = { ttlMs: 1_000 };

const POSTS_NOTES = {
  fresh: undefined,
  stale: 'The posts could not be refreshed just now; these are the last we have.',
  missing: 'The posts cannot be shown right now. Please look in again shortly.',
};

/** The main page: pinned campaign, newest posts, counts. It shows without the posts when they fail. */
export function homeFeature({ context, db, views, features }: SiteParts): SiteFeature {
  const home = features.feature('home');
  // Named here, so that the health has them from the start.
  for (const name of ['posts', 'counts', 'topics']) features.feature(name);
  const { fragment, log } = context;

  const router = new Router();
  router.get('/', home.guard, async (ctx) => {
    const [main, topics, counts] = await Promise.all([
      fragment('posts', { ttlMs: 0, key: 'home', tags: [HOME_TAG, POSTS_TAG] }, () => ({
        campaign: pinnedPost(db),
        posts: newestPosts(db, NEWEST + 1),
      })),
      fragment('topics', { ttlMs: 0, tags: [POSTS_TAG] }, () => popularTags(db, TAGS)),
      fragment('counts', { ttlMs: 0 }, () => siteCounts(db)),
    ]);
    const late = [main, topics, counts].filter(({ state }) => state !== 'fresh');
    for (const { error } of late) log.warn({ err: error }, 'the main page goes without a part, or with an old one');
    const { campaign, posts } = main.value ?? { campaign: undefined, posts: [] };
    publicPage(ctx, late.length === 0 ? CACHE : DEGRADED, [HOME_TAG, POSTS_TAG]);
    views.page(ctx, 'home/home', {
      title: context.settings.siteName,
      description: 'News, campaigns and stories from our community.',
      canonical: '/',
      scripts: campaign?.campaignEndsAt ? ['countdown.js'] : [],
      campaign,
      posts: posts.filter(({ id }) => id !== campaign?.id).slice(0, NEWEST),
      postsNote: POSTS_NOTES[main.state],
      tags: topics.value ?? [],
      topicsNote: topics.state === 'missing' ? 'The topics are taking a break.' : undefined,
      timer: campaign?.campaignEndsAt ? countdown(campaign.campaignEndsAt, Date.now()) : undefined,
      counts: counts.value,
      countsNote: counts.state === 'missing' ? 'The numbers are taking a break.' : undefined,
    });
  });
  return { router, policies: [{ route: '/', methods: ['GET'], priority: 'normal', cache: CACHE }] };
}
