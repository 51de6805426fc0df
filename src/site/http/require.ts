import type { Context } from 'koa';
import { wantsJson } from '../../engine/request/answer/accept.ts';
import { forbidden, Problem, unavailable } from './problem.ts';
import type { SignedIn } from './state.ts';

/** The visitor must sign in; people are led to the form and back. */
export class SignInNeeded extends Error {
  readonly code = 'SIGN_IN_NEEDED';
  override readonly name = 'SignInNeeded';
  readonly location: string;
  constructor(next: string) {
    super('the visitor must sign in first');
    this.location = `/login?next=${encodeURIComponent(next)}`;
  }
}

/**
 * Who is signed in.
 * @throws {SignInNeeded | Problem} nobody is, or it cannot be told now
 */
export function requireMember(ctx: Context): SignedIn {
  const { signedIn, sessionUnknown } = ctx.state;
  if (signedIn !== undefined) return signedIn;
  if (sessionUnknown)
    throw unavailable(
      'SESSIONS_DOWN',
      'We cannot see who is signed in just now. Please try again shortly; you need not sign in again.',
      5,
    );
  if (wantsJson(ctx.req)) throw new Problem(401, 'SIGN_IN_NEEDED', 'Please sign in first.');
  // After a write there is nothing to come back to but the page that the form was on.
  throw new SignInNeeded(ctx.method === 'GET' ? ctx.url : '/dashboard');
}

/**
 * The editor who is signed in.
 * @throws {SignInNeeded | Problem}
 */
export function requireEditor(ctx: Context): SignedIn {
  const signedIn = requireMember(ctx);
  if (signedIn.member.role === 'member') throw forbidden('Only editors can open this part of the site.');
  return signedIn;
}
