import Router from '@koa/router';
import type { Context } from 'koa';
import { z } from 'zod';
import { clientKey } from '../../http/client-key.ts';
import { safeNext } from '../../http/next-path.ts';
import { limited } from '../../http/rate-limit.ts';
import { seeOther } from '../../http/see-other.ts';
import { endSessionCookie, setSessionCookie } from '../../http/session.ts';
import { orShowAgain } from '../../http/show-again.ts';
import { formValues, readForm } from '../../http/validation.ts';
import type { SiteFeature, SiteParts } from '../../parts.ts';
import type { TaskInput, TaskOutput } from '../../tasks/call.ts';
import { givenPassword } from '../../tasks/rules.ts';
import { PASSWORD_DEADLINE_MS, QUICK_CHECK_MS } from './deadline.ts';

const signInForm = z.object({
  name: z.string('Please enter your name.').trim().min(1, 'Please enter your name.').max(60, 'That name is too long.'),
  password: givenPassword.min(1, 'Please enter your password.'),
});

/** The same for an unknown name and a wrong password: nobody learns from it who has an account. */
const WRONG = 'That name and password do not go together.';

/** Signing in and out. */
export function signInFeature({ context, call, views, features }: SiteParts): SiteFeature {
  const { settings } = context;
  const { guard } = features.feature('account');
  const perAddress = context.limiter('sign-in-address', { points: 30, seconds: 300 });
  const perAccount = context.limiter('sign-in-account', { points: 10, seconds: 900 });
  const router = new Router();

  const signIn = async (input: TaskInput<'signIn'>, signal: AbortSignal): Promise<TaskOutput<'signIn'>> => {
    const quick = await call('signIn', input, { signal, deadlineMs: QUICK_CHECK_MS });
    if (quick.ok || quick.reason !== 'slow') return quick;
    return call('signInSlowly', input, { signal, deadlineMs: PASSWORD_DEADLINE_MS });
  };

  const show = (
    ctx: Context,
    status: number,
    errors: Record<string, string>,
    values: Record<string, string>,
    next: string,
  ): void => {
    ctx.status = status;
    views.page(ctx, 'account/sign-in', { title: 'Sign in', errors, values, next });
  };

  router.get('/login', guard, (ctx) => {
    const next = safeNext(ctx.query.next, '/dashboard');
    if (ctx.state.signedIn !== undefined) seeOther(ctx, next);
    else show(ctx, 200, {}, {}, next);
  });

  router.post('/login', guard, async (ctx) => {
    const { signal, clientAddress } = ctx.state.visit;
    const body = ctx.request.body as Record<string, unknown> | undefined;
    const next = safeNext(body?.next, '/dashboard');
    const form = readForm(signInForm, body);
    if (!form.ok) {
      show(ctx, 422, form.errors, form.values, next);
      return;
    }
    const account = form.data.name.toLowerCase();
    const taken = [
      [perAddress, clientKey(clientAddress)],
      [perAccount, account],
    ] as const;
    const input = { ...form.data, userAgent: ctx.get('User-Agent'), before: ctx.state.signedIn?.sessionId };
    const result = await orShowAgain(
      ctx,
      limited(taken, () => signIn(input, signal)),
      (busy) => show(ctx, 503, { form: busy }, formValues(body), next),
    );
    if (result === undefined) return;
    if (!result.ok) {
      show(ctx, 401, { form: WRONG }, formValues(body), next);
      return;
    }
    await perAccount.reset(account);
    setSessionCookie(ctx, settings, result);
    seeOther(ctx, next);
  });

  router.post('/logout', guard, async (ctx) => {
    const { signedIn, visit } = ctx.state;
    if (signedIn !== undefined) await call('signOut', { sessionId: signedIn.sessionId }, { signal: visit.signal });
    endSessionCookie(ctx, settings);
    seeOther(ctx, '/');
  });

  return {
    router,
    policies: [
      { route: '/login', methods: ['GET'], priority: 'critical' },
      { route: '/login', methods: ['POST'], priority: 'critical', deadlineMs: PASSWORD_DEADLINE_MS },
      { route: '/logout', methods: ['POST'], priority: 'critical' },
    ],
  };
}
