import Router from '@koa/router';
import type { CachePolicy } from '../../../engine/site.ts';
import { MEMBERS_TAG, POSTS_TAG, userTag } from '../../data/cache-tags.ts';
import { postPageByAuthor } from '../../data/posts.ts';
import { userByName, userPage } from '../../data/users.ts';
import { avatarSvg } from '../../http/avatar.ts';
import { existing, pageLinks, pageNumber } from '../../http/page-number.ts';
import { notFound } from '../../http/problem.ts';
import { publicPage } from '../../http/public-page.ts';
import type { SiteFeature, SiteParts } from '../../parts.ts';
import { userName } from '../../tasks/rules.ts';

const PEOPLE_PER_PAGE = 24;
const POSTS_PER_PAGE = 12;
const DAY_MS = 24 * 60 * 60 * 1_000;
const LIST_CACHE: CachePolicy = { ttlMs: 15_000, swrMs: 60_000, query: ['page'], tags: [MEMBERS_TAG] };
const PROFILE_CACHE: CachePolicy = { ttlMs: 60_000, swrMs: 300_000, query: ['page'] };
const AVATAR_CACHE: CachePolicy = { ttlMs: 7 * DAY_MS };

/** Members as everybody sees them: the list, profiles, pictures. */
export function usersFeature({ context, db, views, features }: SiteParts): SiteFeature {
  const { guard } = features.feature('users');
  const posts = features.feature('posts');
  const router = new Router();

  router.get('/users', guard, (ctx) => {
    const page = pageNumber(ctx.query.page);
    const list = existing(userPage(db, { page, perPage: PEOPLE_PER_PAGE }), page);
    const pageLink = pageLinks('/users');
    publicPage(ctx, LIST_CACHE, [MEMBERS_TAG]);
    views.page(ctx, 'users/list', { title: 'Members', canonical: pageLink(page), list, pageLink });
  });

  router.get('/u/:name', guard, async (ctx) => {
    const user = userByName(db, ctx.params.name ?? '');
    if (user === undefined) throw notFound('Nobody of this name is a member here.');
    const page = pageNumber(ctx.query.page);
    const pageLink = pageLinks(`/u/${encodeURIComponent(user.name)}`);
    let list: ReturnType<typeof postPageByAuthor> | undefined;
    let postsNote: string | undefined;
    try {
      list = await posts.run(() => postPageByAuthor(db, user.id, { page, perPage: POSTS_PER_PAGE }));
    } catch (error) {
      context.log.warn({ err: error }, 'a profile is shown without posts');
      postsNote = 'The posts cannot be shown right now.';
    }
    if (list !== undefined) existing(list, page);
    publicPage(ctx, postsNote === undefined ? PROFILE_CACHE : { ttlMs: 1_000 }, [userTag(user.id), POSTS_TAG]);
    views.page(ctx, 'users/profile', {
      title: user.displayName,
      description: user.bio,
      canonical: pageLink(page),
      user,
      list,
      postsNote,
      pageLink,
    });
  });

  router.get('/u/:name/avatar.svg', (ctx) => {
    const name = userName.safeParse(ctx.params.name);
    if (!name.success) throw notFound();
    // From the name alone: no look-up, so pictures cost next to nothing and are good for ever.
    ctx.set('Cache-Control', `public, max-age=${AVATAR_CACHE.ttlMs / 1_000}, immutable`);
    ctx.type = 'image/svg+xml';
    ctx.body = avatarSvg(name.data);
  });

  return {
    router,
    policies: [
      { route: '/users', methods: ['GET'], cache: LIST_CACHE },
      { route: '/u/:name', methods: ['GET'], cache: PROFILE_CACHE },
      { route: '/u/:name/avatar.svg', methods: ['GET'], cache: AVATAR_CACHE },
    ],
  };
}
