import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { LoadClass } from '../load/spec.ts';
import { csrfOf, mergeCookies, postLinks } from '../load/visitor.ts';

/** Members and posts that `npm run seed` makes: member-1 to member-500, of whom the first 1 % are editors. */
export const SEEDED = { users: 500, posts: 60, password: 'seed-password' };

/** The loopback is a trusted proxy: each visitor has an address of its own, as limits by address expect. */
export const ADDRESSES = { TAHAN_TRUSTED_PROXIES: '127.0.0.0/8' };

/** Address number `n` of the visitors (RFC 2544's range for benchmarks). */
export const addressOf = (n: number): string => `198.18.${(n >> 8) & 255}.${n & 255}`;

/** Root of the Tahan whose site is seeded: this one, or for work on the bench itself another version's tree. */
const ROOT = process.env.TAHAN_INTERNAL_BENCH_ROOT ?? fileURLToPath(new URL('../../', import.meta.url));

/** Fills the data folder with members and posts; one that was filled so before stays as it is. */
export async function seedSite(dataDir: string): Promise<void> {
  const { users, posts } = SEEDED;
  const args = [join(ROOT, 'scripts/seed.ts'), '--users', String(users), '--posts', String(posts)];
  await promisify(execFile)(process.execPath, args, { env: { ...process.env, TAHAN_DATA_DIR: dataDir } });
}

/** The bench could not do as a member what its load needs. */
export class MemberError extends Error {
  readonly code = 'BENCH_MEMBER';
  constructor(reason: string) {
    super(reason);
    this.name = 'MemberError';
  }
}

const TRIES = 20;
const PAUSE_MS = 500;

interface Answer {
  cookies: string;
  body: string;
}

/** One request as a browser with these cookies; tried again while it is refused. */
async function ask(
  port: number,
  path: string,
  {
    cookies = '',
    address,
    form,
    status,
  }: { cookies?: string; address: string; form?: Record<string, string>; status: number },
): Promise<Answer> {
  let last = 0;
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      headers: { Cookie: cookies, 'X-Forwarded-For': address, Accept: 'text/html' },
      redirect: 'manual',
      ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
    });
    const body = await response.text();
    if (response.status === status) return { cookies: mergeCookies(cookies, response.headers.getSetCookie()), body };
    last = response.status;
    await delay(PAUSE_MS);
  }
  throw new MemberError(`${path} answered ${last} to the bench ${TRIES} times, instead of ${status}`);
}

function tokenOf(body: string, path: string): string {
  const token = csrfOf(body);
  if (token === undefined) throw new MemberError(`${path} has no form with a token`);
  return token;
}

/** A class of sign-ins: each request with another account, from another address. */
export async function signIns(port: number, share: number): Promise<LoadClass> {
  const page = await ask(port, '/login', { address: addressOf(0), status: 200 });
  const token = tokenOf(page.body, '/login');
  return {
    name: 'sign-in',
    share,
    path: '/login',
    expect: 303,
    deadlineMs: 1_000,
    headers: { Cookie: page.cookies },
    variants: Array.from({ length: SEEDED.users }, (_, index) => ({
      headers: { 'X-Forwarded-For': addressOf(index + 1) },
      form: { _csrf: token, name: `member-${index + 1}`, password: SEEDED.password, next: '/dashboard' },
    })),
  };
}

export interface Member {
  headers: Record<string, string>;
  token: string;
}

/** Signs the first members in, one after the other; the first five are editors. */
export async function signedIn(port: number, count: number): Promise<Member[]> {
  const members: Member[] = [];
  for (let number = 1; number <= count; number += 1) {
    const address = addressOf(10_000 + number);
    const page = await ask(port, '/login', { address, status: 200 });
    const form = {
      _csrf: tokenOf(page.body, '/login'),
      name: `member-${number}`,
      password: SEEDED.password,
      next: '/dashboard',
    };
    const { cookies } = await ask(port, '/login', { cookies: page.cookies, address, form, status: 303 });
    const dashboard = await ask(port, '/dashboard', { cookies, address, status: 200 });
    members.push({
      headers: { Cookie: cookies, 'X-Forwarded-For': address },
      token: tokenOf(dashboard.body, '/dashboard'),
    });
  }
  return members;
}

/** Addresses of posts of the site. */
export async function postPaths(port: number): Promise<string[]> {
  const { body } = await ask(port, '/posts', { address: addressOf(0), status: 200 });
  const paths = postLinks(body);
  if (paths.length === 0) throw new MemberError('/posts shows no post');
  return paths;
}
