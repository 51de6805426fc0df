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

/** The main page: pinned campaign, newest posts, counts. It shows without the posts when they fail. */
export function homeFeature({ context, db, views, features }: SiteParts): SiteFeature {
  const home = features.feature('home');
  const posts = features.feature('posts');
  const readPosts = () => ({
    campaign: pinnedPost(db),
    posts: newestPosts(db, NEWEST + 1),
    tags: popularTags(db, TAGS),
  });
  // Shown with a note while the posts cannot be read.
  let lastGood: ReturnType<typeof readPosts> | undefined;

  const router = new Router();
  router.get('/', home.guard, async (ctx) => {
    let postsNote: string | undefined;
    try {
      lastGood = await posts.run(readPosts);
    } catch (error) {
      context.log.warn({ err: error }, 'the main page goes without fresh posts');
      postsNote =
        lastGood === undefined
          ? 'The posts cannot be shown right now. Please look in again shortly.'
          : 'The posts could not be refreshed just now; these are the last we have.';
    }
    const shown = lastGood ?? { campaign: undefined, posts: [], tags: [] };
    const { campaign } = shown;
    publicPage(ctx, postsNote === undefined ? CACHE : DEGRADED, [HOME_TAG, POSTS_TAG]);
    views.page(ctx, 'home/home', {
      title: context.settings.siteName,
      description: 'News, campaigns and stories from our community.',
      canonical: '/',
      scripts: campaign?.campaignEndsAt ? ['countdown.js'] : [],
      ...shown,
      posts: shown.posts.filter(({ id }) => id !== campaign?.id).slice(0, NEWEST),
      postsNote,
      timer: campaign?.campaignEndsAt ? countdown(campaign.campaignEndsAt, Date.now()) : undefined,
      counts: siteCounts(db),
    });
  });
  return { router, policies: [{ route: '/', methods: ['GET'], priority: 'normal', cache: CACHE }] };
}
