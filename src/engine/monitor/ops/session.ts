import type { IncomingMessage, ServerResponse } from 'node:http';
import { isForeign } from '../../foreign.ts';
import { type AccessRules, COOKIE, makeSession, SESSION_MS } from './access.ts';
import { bodyOf } from './query.ts';
import type { TokenDesk } from './sign-in.ts';
import { TEXT, write } from './write.ts';

export interface SignInParts {
  desk: TokenDesk;
  /** From where it is asked. */
  address: string;
  access: AccessRules;
  now: () => number;
  /** The sign-in page, with a place for the problem. */
  page: string;
}

/** Takes the form of the sign-in page: the right token gets a cookie that lasts a working day. */
export async function signIn(request: IncomingMessage, response: ServerResponse, parts: SignInParts): Promise<void> {
  const { desk, address, access, now, page } = parts;
  if (isForeign(request.headers)) {
    write(response, 403, TEXT, 'Sign in on the dashboard itself.\n');
    return;
  }
  const token = new URLSearchParams(await bodyOf(request)).get('token')?.trim() ?? '';
  const verdict = await desk.judge(token, address);
  if (verdict !== 'right') {
    const problem =
      verdict === 'wait'
        ? 'Too many wrong tokens. Wait a minute, then try again.'
        : 'This is not the operator token. It is in the file admin.token of the data folder, or in TAHAN_ADMIN_TOKEN.';
    const shown = page.replace('{problem}', `<p class="problem" role="alert">${problem}</p>`);
    write(response, verdict === 'wait' ? 429 : 401, 'text/html; charset=utf-8', shown);
    return;
  }
  const secure = request.headers['x-forwarded-proto'] === 'https' ? '; Secure' : '';
  write(response, 303, TEXT, 'You are signed in.\n', {
    location: '/ops',
    'set-cookie': `${COOKIE}=${makeSession(access.token, now())}; Path=/ops; HttpOnly; SameSite=Strict; Max-Age=${SESSION_MS / 1_000}${secure}`,
  });
}

export const signOut = (response: ServerResponse): void =>
  write(response, 303, TEXT, 'You are signed out.\n', {
    location: '/ops',
    'set-cookie': `${COOKIE}=; Path=/ops; HttpOnly; SameSite=Strict; Max-Age=0`,
  });
