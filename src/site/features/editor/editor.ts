import Router from '@koa/router';
import type { Context } from 'koa';
import { z } from 'zod';
import { wantsJson } from '../../../engine/request/answer/accept.ts';
import { postById } from '../../data/posts.ts';
import type { Post } from '../../data/types.ts';
import { forbidden, notFound, Problem } from '../../http/problem.ts';
import { KEPT_FORM } from '../../http/public-page.ts';
import { requireEditor } from '../../http/require.ts';
import { seeOther } from '../../http/see-other.ts';
import { orShowAgain } from '../../http/show-again.ts';
import { formValues, problemFields, readForm } from '../../http/validation.ts';
import type { SiteFeature, SiteParts } from '../../parts.ts';
import type { TaskOutput } from '../../tasks/call.ts';
import { markdown, title } from '../../tasks/rules.ts';
import { editorNotice } from './notice.ts';
import { type PostForm, postForm, postValues } from './post-form.ts';

const previewForm = z.object({ title: title.optional().catch(undefined), markdown });
const POST_ID = /^[1-9]\d{0,14}$/;

/** Errors of the fields by what the task refused. */
function refusalErrors(result: Exclude<TaskOutput<'savePost'>, { ok: true }>): Record<string, string> {
  switch (result.reason) {
    case 'invalid':
      return problemFields(result.problems);
    case 'too-complex':
      return { markdown: `The text cannot be shown: ${result.message}.` };
    case 'slug-taken':
      return { slug: 'Another post has this address.' };
    case 'too-old-version':
      return {
        form: 'Somebody else has saved this post in the meantime. Copy your text, open the post again, and bring both together.',
      };
    case 'not-found':
      throw notFound('This post was deleted in the meantime.');
    case 'forbidden':
      throw forbidden('Only editors can write posts.');
  }
}

/** Writing posts: edit, preview, publish, schedule, pin, delete. For editors. */
export function editorFeature({ context, db, call, views, features }: SiteParts): SiteFeature {
  const { guard } = features.feature('editor');
  const router = new Router();

  const show = (
    ctx: Context,
    post: Post | undefined,
    values: Record<string, string>,
    errors: Record<string, string> = {},
  ): void => {
    ctx.status = Object.keys(errors).length === 0 ? 200 : 422;
    ctx.set('Cache-Control', KEPT_FORM);
    views.page(ctx, 'editor/post', {
      title: post === undefined ? 'Write a post' : `Edit: ${post.title}`,
      scripts: ['preview.js'],
      post,
      values,
      errors,
      notice: editorNotice(ctx.query.notice),
    });
  };

  const existingPost = (text: string | undefined): Post => {
    const post = POST_ID.test(text ?? '') ? postById(db, Number(text)) : undefined;
    if (post === undefined) throw notFound('There is no such post.');
    return post;
  };

  const save = async (ctx: Context, post: Post | undefined): Promise<void> => {
    const { member } = requireEditor(ctx);
    const form = readForm(postForm, ctx.request.body);
    if (!form.ok) {
      show(ctx, post, form.values, form.errors);
      return;
    }
    const { slug, version, pinned, publishAt: at, action, ...fields } = form.data;
    const saved = call(
      'savePost',
      {
        ...fields,
        actorId: member.id,
        pinned: pinned !== undefined,
        publish: publishMode(action, at),
        ...(post === undefined ? {} : { postId: post.id }),
        ...(version === undefined ? {} : { version }),
        ...(slug === undefined ? {} : { slug }),
      },
      { signal: ctx.state.visit.signal },
    );
    const result = await orShowAgain(ctx, saved, (busy) =>
      show(ctx, post, formValues(ctx.request.body), { form: busy }),
    );
    if (result === undefined) return;
    if (!result.ok) {
      show(ctx, post, formValues(ctx.request.body), refusalErrors(result));
      return;
    }
    await context.purge(result.purge, { hard: result.hard });
    seeOther(
      ctx,
      result.post.status === 'published'
        ? `/posts/${encodeURIComponent(result.post.slug)}?notice=published`
        : `/editor/${result.post.id}?notice=${result.post.status}`,
    );
  };

  router.get('/editor/new', guard, (ctx) => {
    requireEditor(ctx);
    show(ctx, undefined, {});
  });
  router.post('/editor/new', guard, (ctx) => save(ctx, undefined));

  router.post('/editor/preview', guard, async (ctx) => {
    requireEditor(ctx);
    const form = readForm(previewForm, ctx.request.body);
    if (!form.ok) throw new Problem(422, 'INVALID', Object.values(form.errors).join(' '));
    const result = await call('renderMarkdown', { markdown: form.data.markdown }, { signal: ctx.state.visit.signal });
    if (!result.ok)
      throw new Problem(
        422,
        'INVALID',
        result.reason === 'too-complex' ? `The text cannot be shown: ${result.message}.` : 'The text cannot be shown.',
      );
    if (wantsJson(ctx.req)) ctx.body = { html: result.html };
    else
      views.page(ctx, 'editor/preview', {
        title: 'Preview',
        heading: form.data.title ?? 'Without a title',
        html: result.html,
      });
  });

  router.get('/editor/:id', guard, (ctx) => {
    requireEditor(ctx);
    const post = existingPost(ctx.params.id);
    show(ctx, post, postValues(post));
  });
  router.post('/editor/:id', guard, (ctx) => {
    requireEditor(ctx);
    return save(ctx, existingPost(ctx.params.id));
  });

  router.post('/editor/:id/delete', guard, async (ctx) => {
    const { member } = requireEditor(ctx);
    const post = existingPost(ctx.params.id);
    const result = await call(
      'deletePost',
      { actorId: member.id, postId: post.id },
      { signal: ctx.state.visit.signal },
    );
    if (!result.ok)
      throw result.reason === 'forbidden'
        ? forbidden('Only editors can delete posts.')
        : notFound('There is no such post.');
    await context.purge(result.purge, { hard: result.hard });
    seeOther(ctx, '/editor?notice=deleted');
  });

  return {
    router,
    policies: [
      { route: '/editor/new', priority: 'normal' },
      { route: '/editor/preview', methods: ['POST'], priority: 'normal' },
      { route: '/editor/:id', methods: ['GET'], priority: 'normal' },
      { route: '/editor/:id', methods: ['POST'], priority: 'critical' },
      { route: '/editor/:id/delete', methods: ['POST'], priority: 'critical' },
    ],
  };
}

function publishMode(
  action: PostForm['action'],
  at: number | null,
): { mode: 'now' | 'draft' } | { mode: 'at'; at: number } {
  if (action === 'schedule' && at !== null) return { mode: 'at', at };
  return { mode: action === 'draft' ? 'draft' : 'now' };
}
