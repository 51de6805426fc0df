import Router from '@koa/router';
import type { Context } from 'koa';
import { z } from 'zod';
import { currentAnnouncements } from '../../data/announcements.ts';
import { postPageForEditors } from '../../data/posts.ts';
import { existing, pageLinks, pageNumber } from '../../http/page-number.ts';
import { forbidden, notFound } from '../../http/problem.ts';
import { requireEditor } from '../../http/require.ts';
import { seeOther } from '../../http/see-other.ts';
import { orShowAgain } from '../../http/show-again.ts';
import { formValues, problemFields, readForm } from '../../http/validation.ts';
import type { SiteFeature, SiteParts } from '../../parts.ts';
import { id } from '../../tasks/rules.ts';
import { editorNotice } from './notice.ts';

const PER_PAGE = 20;
const ANNOUNCEMENTS = 50;
const DAY_MS = 24 * 60 * 60 * 1_000;

const announcementForm = z.object({
  title: z
    .string('An announcement needs a title.')
    .trim()
    .min(1, 'An announcement needs a title.')
    .max(120, 'At most 120 characters.'),
  text: z.string('Please write a text.').trim().min(1, 'Please write a text.').max(1_000, 'At most 1000 characters.'),
  days: z.preprocess(
    (value) => (value === '' ? undefined : value),
    z.coerce
      .number('Please give a number of days.')
      .int('Whole days only.')
      .min(1, 'At least 1 day.')
      .max(365, 'At most 365 days.')
      .optional(),
  ),
});

/** The editors' first page: all posts, and announcements to members. */
export function announcementsFeature({ db, call, views, features }: SiteParts): SiteFeature {
  const { guard } = features.feature('editor');
  const router = new Router();

  const show = (ctx: Context, values: Record<string, string> = {}, errors: Record<string, string> = {}): void => {
    const page = pageNumber(ctx.query.page);
    ctx.status = Object.keys(errors).length === 0 ? 200 : 422;
    views.page(ctx, 'editor/list', {
      title: 'Editor',
      list: existing(postPageForEditors(db, { page, perPage: PER_PAGE }), page),
      pageLink: pageLinks('/editor'),
      announcements: currentAnnouncements(db, Date.now(), ANNOUNCEMENTS),
      values,
      errors,
      notice: editorNotice(ctx.query.notice),
    });
  };

  router.get('/editor', guard, (ctx) => {
    requireEditor(ctx);
    show(ctx);
  });

  router.post('/editor/announcements', guard, async (ctx) => {
    const { member } = requireEditor(ctx);
    const form = readForm(announcementForm, ctx.request.body);
    if (!form.ok) {
      show(ctx, form.values, form.errors);
      return;
    }
    const { title, text, days } = form.data;
    const expiresAt = days === undefined ? null : Date.now() + days * DAY_MS;
    const saved = call(
      'saveAnnouncement',
      { actorId: member.id, title, text, expiresAt },
      { signal: ctx.state.visit.signal },
    );
    const result = await orShowAgain(ctx, saved, (busy) => show(ctx, formValues(ctx.request.body), { form: busy }));
    if (result === undefined) return;
    if (!result.ok) {
      if (result.reason === 'forbidden') throw forbidden('Only editors can announce.');
      show(ctx, formValues(ctx.request.body), problemFields(result.problems));
      return;
    }
    seeOther(ctx, '/editor?notice=announced');
  });

  router.post('/editor/announcements/:id/delete', guard, async (ctx) => {
    const { member } = requireEditor(ctx);
    const given = z.coerce.number().pipe(id).safeParse(ctx.params.id);
    if (!given.success) throw notFound('There is no such announcement.');
    const result = await call(
      'removeAnnouncement',
      { actorId: member.id, id: given.data },
      { signal: ctx.state.visit.signal },
    );
    if (!result.ok)
      throw result.reason === 'forbidden'
        ? forbidden('Only editors can take announcements back.')
        : notFound('There is no such announcement.');
    seeOther(ctx, '/editor?notice=removed');
  });

  return {
    router,
    policies: [
      { route: '/editor', methods: ['GET'], priority: 'normal' },
      { route: '/editor/announcements', methods: ['POST'], priority: 'critical' },
      { route: '/editor/announcements/:id/delete', methods: ['POST'], priority: 'critical' },
    ],
  };
}
