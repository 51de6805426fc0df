import Router from '@koa/router';
import type { CachePolicy } from '../../../engine/site.ts';
import { POSTS_TAG, postTag, tagTag, userTag } from '../../data/cache-tags.ts';
import { hasLiked } from '../../data/likes.ts';
import { postBySlug, postPage, postPageByTag, searchPosts } from '../../data/posts.ts';
import { popularTags } from '../../data/tags.ts';
import { countdown } from '../../http/format.ts';
import { notices } from '../../http/notices.ts';
import { existing, pageLinks, pageNumber } from '../../http/page-number.ts';
import { notFound } from '../../http/problem.ts';
import { publicPage } from '../../http/public-page.ts';
import type { SiteFeature, SiteParts } from '../../parts.ts';

const notice = notices({ published: 'The post is published: everybody can read it.' });

const PER_PAGE = 12;
const TAGS = 20;
const MAX_QUERY = 100;
const LIST_CACHE: CachePolicy = { ttlMs: 15_000, swrMs: 60_000, query: ['page', 'tag'], tags: [POSTS_TAG] };
const POST_CACHE: CachePolicy = { ttlMs: 60_000, swrMs: 300_000 };
const SEARCH_CACHE: CachePolicy = { ttlMs: 10_000, swrMs: 20_000, query: ['q', 'page'], tags: [POSTS_TAG] };

/** Posts to read: lists, search, and each post. */
export function postsFeature({ context, db, views, features, recorder }: SiteParts): SiteFeature {
  const { guard } = features.feature('posts');
  const likes = features.feature('likes');
  const router = new Router();

  router.get('/posts', guard, (ctx) => {
    const page = pageNumber(ctx.query.page);
    const tag = typeof ctx.query.tag === 'string' && ctx.query.tag !== '' ? ctx.query.tag : undefined;
    const found =
      tag === undefined
        ? postPage(db, { page, perPage: PER_PAGE })
        : postPageByTag(db, tag, { page, perPage: PER_PAGE });
    if (found === undefined) throw notFound('There are no posts on this topic.');
    const list = existing(found, page);
    const pageLink = pageLinks('/posts', { tag });
    publicPage(ctx, LIST_CACHE, tag === undefined ? [POSTS_TAG] : [POSTS_TAG, tagTag(tag)]);
    views.page(ctx, 'posts/list', {
      title: tag === undefined ? 'Posts' : `Posts on ${tag}`,
      canonical: pageLink(page),
      list,
      tag,
      tags: popularTags(db, TAGS),
      pageLink,
    });
  });

  router.get('/search', guard, (ctx) => {
    const query = typeof ctx.query.q === 'string' ? ctx.query.q.trim().slice(0, MAX_QUERY) : '';
    const page = pageNumber(ctx.query.page);
    const list = existing(searchPosts(db, query, { page, perPage: PER_PAGE }), page);
    if (query !== '' && list.total === 0) context.searchedInVain(query);
    publicPage(ctx, SEARCH_CACHE, [POSTS_TAG]);
    views.page(ctx, 'posts/search', { title: 'Search', query, list, pageLink: pageLinks('/search', { q: query }) });
  });

  router.get('/posts/:slug', guard, async (ctx) => {
    const post = postBySlug(db, ctx.params.slug ?? '');
    if (post === undefined) throw notFound('There is no such post. It may have been moved or withdrawn.');
    const { signedIn } = ctx.state;
    let liked = false;
    let likesNote: string | undefined;
    if (signedIn !== undefined) {
      try {
        liked = await likes.run(() => hasLiked(db, signedIn.member.id, post.id));
      } catch (error) {
        context.log.warn({ err: error }, 'a post is shown without likes');
        likesNote = 'Likes are taking a break right now.';
      }
    }
    const tags = [
      postTag(post.id),
      ...post.tags.map(tagTag),
      ...(post.author === null ? [] : [userTag(post.author.id)]),
    ];
    publicPage(ctx, POST_CACHE, tags);
    views.page(ctx, 'posts/post', {
      title: post.title,
      description: post.excerpt,
      canonical: `/posts/${post.slug}`,
      scripts: signedIn === undefined ? [] : ['like.js'],
      post,
      liked,
      likesNote,
      notice: signedIn === undefined ? undefined : notice(ctx.query.notice),
      timer: post.campaignEndsAt === null ? undefined : countdown(post.campaignEndsAt, Date.now()),
    });
    if (signedIn !== undefined) recorder.read(signedIn.member.id, post.id);
  });

  return {
    router,
    policies: [
      { route: '/posts', methods: ['GET'], cache: LIST_CACHE },
      { route: '/posts/:slug', methods: ['GET'], cache: POST_CACHE },
      { route: '/search', methods: ['GET'], cache: SEARCH_CACHE },
    ],
  };
}
