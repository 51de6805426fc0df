import Router from '@koa/router';
import { z } from 'zod';
import { wantsJson } from '../../../engine/request/answer/accept.ts';
import { postBySlug } from '../../data/posts.ts';
import { notFound, Problem } from '../../http/problem.ts';
import { limited } from '../../http/rate-limit.ts';
import { requireMember } from '../../http/require.ts';
import { seeOther } from '../../http/see-other.ts';
import type { SiteFeature, SiteParts } from '../../parts.ts';

const likeForm = z.object({ liked: z.enum(['0', '1']) });

/**
 * The like button of members. No page is purged for a like: members see the count live, others at most a post's ttl later,
 * so that a popular post is not rendered anew for each like.
 */
export function likesFeature({ context, db, call, features }: SiteParts): SiteFeature {
  const { guard } = features.feature('likes');
  const perMember = context.limiter('like-member', { points: 60, seconds: 60 });
  const router = new Router();

  router.post('/posts/:slug/like', guard, async (ctx) => {
    const { member } = requireMember(ctx);
    const form = likeForm.safeParse(ctx.request.body);
    if (!form.success) throw new Problem(400, 'BAD_REQUEST', 'Say whether you like the post: liked=1 or liked=0.');
    const post = postBySlug(db, ctx.params.slug ?? '');
    if (post === undefined) throw notFound('There is no such post.');
    const liked = form.data.liked === '1';
    const input = { userId: member.id, postId: post.id };
    const result = await limited([[perMember, String(member.id)]], () =>
      call(liked ? 'likePost' : 'unlikePost', input, { signal: ctx.state.visit.signal }),
    );
    if (!result.ok) throw notFound('There is no such post.');
    if (wantsJson(ctx.req)) {
      ctx.body = { liked, likes: result.likeCount };
      return;
    }
    seeOther(ctx, `/posts/${encodeURIComponent(post.slug)}`);
  });
  return { router, policies: [{ route: '/posts/:slug/like', methods: ['POST'], priority: 'critical' }] };
}
