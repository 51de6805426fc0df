import Router from '@koa/router';
import type { Context } from 'koa';
import { z } from 'zod';
import { MEMBERS_TAG } from '../../data/cache-tags.ts';
import { clientKey } from '../../http/client-key.ts';
import { safeNext } from '../../http/next-path.ts';
import { limited } from '../../http/rate-limit.ts';
import { seeOther } from '../../http/see-other.ts';
import { setSessionCookie } from '../../http/session.ts';
import { orShowAgain } from '../../http/show-again.ts';
import { formValues, problemFields, readForm } from '../../http/validation.ts';
import type { SiteFeature, SiteParts } from '../../parts.ts';
import { displayName, newPassword, userName } from '../../tasks/rules.ts';
import { PASSWORD_DEADLINE_MS } from './deadline.ts';

const registerForm = z.object({
  name: userName,
  displayName: z.preprocess((value) => (value === '' ? undefined : value), displayName.optional()),
  password: newPassword,
});

/** New members. */
export function registerFeature({ context, call, views, features }: SiteParts): SiteFeature {
  const { settings } = context;
  const { guard } = features.feature('account');
  const perAddress = context.limiter('register-address', { points: 20, seconds: 3_600 });
  const perAccount = context.limiter('register-account', { points: 10, seconds: 900 });
  const router = new Router();

  const show = (
    ctx: Context,
    status: number,
    errors: Record<string, string>,
    values: Record<string, string>,
    next: string,
  ): void => {
    ctx.status = status;
    views.page(ctx, 'account/register', { title: 'Become a member', errors, values, next });
  };

  router.get('/register', guard, (ctx) => {
    const next = safeNext(ctx.query.next, '/dashboard');
    if (ctx.state.signedIn !== undefined) seeOther(ctx, next);
    else show(ctx, 200, {}, {}, next);
  });

  router.post('/register', guard, async (ctx) => {
    const { signal, clientAddress } = ctx.state.visit;
    const body = ctx.request.body as Record<string, unknown> | undefined;
    const next = safeNext(body?.next, '/dashboard');
    const form = readForm(registerForm, body);
    if (!form.ok) {
      show(ctx, 422, form.errors, form.values, next);
      return;
    }
    const { name, displayName: shownName, password } = form.data;
    const taken = [
      [perAddress, clientKey(clientAddress)],
      [perAccount, name.toLowerCase()],
    ] as const;
    const account = {
      name,
      password,
      userAgent: ctx.get('User-Agent'),
      before: ctx.state.signedIn?.sessionId,
      ...(shownName === undefined ? {} : { displayName: shownName }),
    };
    const result = await orShowAgain(
      ctx,
      limited(taken, () => call('register', account, { signal })),
      (busy) => show(ctx, 503, { form: busy }, formValues(body), next),
    );
    if (result === undefined) return;
    if (!result.ok) {
      const errors =
        result.reason === 'invalid'
          ? problemFields(result.problems)
          : { name: 'This name is taken. Please choose another one.' };
      show(ctx, 422, errors, formValues(body), next);
      return;
    }
    setSessionCookie(ctx, settings, result);
    await context.purge([MEMBERS_TAG]);
    seeOther(ctx, next);
  });

  return {
    router,
    policies: [
      { route: '/register', methods: ['GET'], priority: 'critical' },
      { route: '/register', methods: ['POST'], priority: 'critical', deadlineMs: PASSWORD_DEADLINE_MS },
    ],
  };
}
