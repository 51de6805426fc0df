import Router from '@koa/router';
import type { Context } from 'koa';
import { z } from 'zod';
import { sessionsOf } from '../../data/sessions.ts';
import { clientKey } from '../../http/client-key.ts';
import { notices } from '../../http/notices.ts';
import { Problem } from '../../http/problem.ts';
import { limited } from '../../http/rate-limit.ts';
import { requireMember } from '../../http/require.ts';
import { seeOther } from '../../http/see-other.ts';
import { orShowAgain } from '../../http/show-again.ts';
import { formValues, problemFields, readForm } from '../../http/validation.ts';
import type { SiteFeature, SiteParts } from '../../parts.ts';
import type { TaskInput, TaskOutput } from '../../tasks/call.ts';
import { bio, displayName, givenPassword, id, newPassword } from '../../tasks/rules.ts';
import { browserName } from './browser-name.ts';
import { PASSWORD_DEADLINE_MS, QUICK_CHECK_MS } from './deadline.ts';

const profileForm = z.object({ displayName, bio, roleShown: z.stringbool().default(false) });
const passwordForm = z
  .object({ currentPassword: givenPassword.min(1, 'Please enter your current password.'), newPassword })
  .refine(({ currentPassword, newPassword: next }) => currentPassword !== next, {
    path: ['newPassword'],
    error: 'Please choose a password other than the current one.',
  });
const sessionForm = z.object({ session: z.union([z.literal('others'), z.coerce.number().pipe(id)]) });

const notice = notices({
  profile: 'Your profile was saved.',
  password: 'Your password was changed. All other sessions were signed out.',
  session: 'The session was ended.',
  sessions: 'All other sessions were ended.',
});

interface Shown {
  status?: number;
  profileErrors?: Record<string, string>;
  passwordErrors?: Record<string, string>;
  values?: Record<string, string>;
}

/** The own account: profile, password, sessions. */
export function accountFeature({ context, db, call, views, features }: SiteParts): SiteFeature {
  const { guard } = features.feature('account');
  const perMember = context.limiter('password-member', { points: 10, seconds: 900 });
  const perAddress = context.limiter('password-address', { points: 30, seconds: 900 });
  const router = new Router();

  const changePassword = async (
    input: TaskInput<'changePassword'>,
    signal: AbortSignal,
  ): Promise<TaskOutput<'changePassword'>> => {
    const quick = await call('changePassword', input, { signal, deadlineMs: QUICK_CHECK_MS });
    if (quick.ok || quick.reason !== 'slow') return quick;
    return call('changePasswordSlowly', input, { signal, deadlineMs: PASSWORD_DEADLINE_MS });
  };

  const show = (ctx: Context, { status = 200, profileErrors = {}, passwordErrors = {}, values }: Shown = {}): void => {
    const { member, session } = requireMember(ctx);
    ctx.status = status;
    views.page(ctx, 'account/account', {
      title: 'Your account',
      values: values ?? { displayName: member.displayName, bio: member.bio, roleShown: String(member.roleShown) },
      profileErrors,
      passwordErrors,
      notice: notice(ctx.query.notice),
      current: session.id,
      sessions: sessionsOf(db, member.id, Date.now()).map((one) => ({ ...one, browser: browserName(one.userAgent) })),
    });
  };

  router.get('/account', guard, (ctx) => show(ctx));

  router.post('/account/profile', guard, async (ctx) => {
    const { member } = requireMember(ctx);
    const form = readForm(profileForm, ctx.request.body);
    if (!form.ok) {
      show(ctx, { status: 422, profileErrors: form.errors, values: form.values });
      return;
    }
    const saved = call(
      'updateProfile',
      { userId: member.id, ...form.data, roleShown: form.data.roleShown ? 1 : 0 },
      { signal: ctx.state.visit.signal },
    );
    const result = await orShowAgain(ctx, saved, (busy) =>
      show(ctx, { status: 503, profileErrors: { form: busy }, values: formValues(ctx.request.body) }),
    );
    if (result === undefined) return;
    if (!result.ok) {
      show(ctx, { status: 422, profileErrors: problemFields(result.problems), values: formValues(ctx.request.body) });
      return;
    }
    await context.purge(result.purge);
    seeOther(ctx, '/account?notice=profile');
  });

  router.post('/account/password', guard, async (ctx) => {
    const { member, sessionId } = requireMember(ctx);
    const { signal, clientAddress } = ctx.state.visit;
    const form = readForm(passwordForm, ctx.request.body);
    if (!form.ok) {
      show(ctx, { status: 422, passwordErrors: form.errors });
      return;
    }
    const taken = [
      [perAddress, clientKey(clientAddress)],
      [perMember, String(member.id)],
    ] as const;
    const { currentPassword: current, newPassword: next } = form.data;
    const input = { userId: member.id, sessionId, current, next };
    const changed = limited(taken, () => changePassword(input, signal));
    const result = await orShowAgain(ctx, changed, (busy) =>
      show(ctx, { status: 503, passwordErrors: { form: busy } }),
    );
    if (result === undefined) return;
    if (!result.ok) {
      const errors =
        result.reason === 'invalid'
          ? problemFields(result.problems)
          : { currentPassword: 'That is not your current password.' };
      show(ctx, { status: 422, passwordErrors: errors });
      return;
    }
    seeOther(ctx, '/account?notice=password');
  });

  router.post('/account/sessions', guard, async (ctx) => {
    const { member, sessionId, session } = requireMember(ctx);
    const { signal } = ctx.state.visit;
    const form = sessionForm.safeParse(ctx.request.body);
    if (!form.success) throw new Problem(400, 'BAD_REQUEST', 'Say which session to end.');
    if (form.data.session === 'others') {
      await call('endOtherSessions', { userId: member.id, sessionId }, { signal });
      seeOther(ctx, '/account?notice=sessions');
      return;
    }
    const result = await call('endSession', { userId: member.id, id: form.data.session }, { signal });
    if (!result.ok) throw new Problem(404, 'NOT_FOUND', 'This session has ended already.');
    seeOther(ctx, form.data.session === session.id ? '/' : '/account?notice=session');
  });

  return {
    router,
    policies: [
      { route: '/account', methods: ['GET'], priority: 'normal' },
      { route: '/account/profile', methods: ['POST'], priority: 'critical' },
      { route: '/account/password', methods: ['POST'], priority: 'critical', deadlineMs: PASSWORD_DEADLINE_MS },
      { route: '/account/sessions', methods: ['POST'], priority: 'critical' },
    ],
  };
}
