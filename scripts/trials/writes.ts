import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { openWriter } from '../../src/site/data/open.ts';
import { insertSession, newSessionId, SESSION_MS } from '../../src/site/data/sessions.ts';
import { sign, signature } from '../../src/site/http/cookies.ts';
import { ADDRESSES, addressOf, type Member, postPaths, seedSite } from '../load/members.ts';
import { answers, freePort } from '../load/processes.ts';
import { csrfOf, mergeCookies } from '../load/visitor.ts';
import { judged, type Seen } from './goals.ts';
import { ProcessManager } from './process-manager.ts';

/**
 * `npm run trial:writes`: 1,000 writes (registrations, likes, posts published) while every 500 ms a process of the server,
 * drawn at random, gets a kill -9. Each client sends its write again under one idempotency key until it is acknowledged.
 * Then the database is asked: none may be lost, none done twice. Exit code 1 when one is.
 */
const WRITES = 1_000;
const SECRET = randomUUID() + randomUUID();
const KILL_EVERY_MS = 500;
const TELL_EVERY_MS = 10_000;
const CLIENTS = 24;
const MEMBERS = 10;
/** The first five seeded members are editors. */
const EDITORS = 5;
/** A client gives up after this, ms: the trial has failed then. */
const PATIENCE_MS = 120_000;
const ANSWER_WITHIN_MS = 5_000;
/** Not now, but perhaps in a moment. 409: the first try is under way still. */
const NOT_YET = new Set([408, 409, 425, 429]);

interface Write {
  kind: 'register' | 'like' | 'publish';
  path: string;
  headers: Record<string, string>;
  form: Record<string, string>;
  /** Name of the member who likes. */
  who?: string;
}

const LIKED = `SELECT count(*) FROM likes JOIN users ON users.id = likes.user_id JOIN posts ON posts.id = likes.post_id
  WHERE users.name = ? AND posts.slug = ?`;

interface Done extends Write {
  status: number;
  tries: number;
}

async function trial(): Promise<boolean> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tahan-writes-'));
  await seedSite(dataDir);
  const members = signIn(dataDir);
  const port = Number(process.env.PORT ?? (await freePort()));
  const adminPort = Number(process.env.TAHAN_ADMIN_PORT ?? (await freePort()));
  const env = {
    ...ADDRESSES,
    HOST: '127.0.0.1',
    PORT: String(port),
    TAHAN_ADMIN_PORT: String(adminPort),
    TAHAN_DATA_DIR: dataDir,
    TAHAN_SESSION_SECRET: SECRET,
    TAHAN_WORKERS_MIN: '2',
    TAHAN_WORKERS_MAX: '2',
    LOG_LEVEL: 'error',
  };
  const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
  const server = new ProcessManager(main, env, () => answers(port, '/health/ready'));
  try {
    await server.untilReady();
    const writes = await plan(port, members);
    const began = performance.now();
    server.killEvery(KILL_EVERY_MS);
    const done: Done[] = [];
    const told = setInterval(() => {
      const passed = (performance.now() - began) / 1_000;
      console.log(`${passed.toFixed(0)} s: ${done.length} of ${WRITES}`);
    }, TELL_EVERY_MS);
    await Promise.all(
      Array.from({ length: CLIENTS }, async () => {
        for (let next = writes.shift(); next !== undefined; next = writes.shift()) done.push(await send(port, next));
      }),
    );
    const seconds = (performance.now() - began) / 1_000;
    clearInterval(told);
    server.spare();
    return report(done, dataDir, server.killed, seconds);
  } finally {
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** Members who have signed in: each sign-in by password costs a busy machine seconds, and is not what is tried here. */
function signIn(dataDir: string): Member[] {
  const db = openWriter(dataDir);
  try {
    const idOf = db.prepare<[string], number>('SELECT id FROM users WHERE name = ?').pluck();
    return Array.from({ length: MEMBERS }, (_, n) => {
      const sessionId = newSessionId();
      const now = Date.now();
      insertSession(db, { sessionId, userId: idOf.get(`member-${n + 1}`)!, userAgent: 'trial', now });
      const value = sign(SECRET, 'session', `${sessionId}.${Math.floor((now + SESSION_MS) / 1_000)}`);
      return {
        headers: { Cookie: `tahan_session=${value}`, 'X-Forwarded-For': addressOf(10_000 + n) },
        token: signature(SECRET, 'csrf-session', sessionId),
      };
    });
  } finally {
    db.close();
  }
}

/** Three tenths are likes, a tenth registrations (each costs a hashed password), the rest posts; mixed. */
async function plan(port: number, members: readonly Member[]): Promise<Write[]> {
  const posts = await postPaths(port);
  const page = await fetch(`http://127.0.0.1:${port}/register`);
  const token = csrfOf(await page.text());
  const cookie = mergeCookies('', page.headers.getSetCookie());
  if (token === undefined) throw new Error('/register has no form with a token');
  const likes = members.flatMap((member, n) => posts.map((path) => [member, path, n] as const)).slice(0, 0.3 * WRITES);
  const writes: Write[] = likes.map(([member, path, n]) => ({
    kind: 'like',
    who: `member-${n + 1}`,
    path: `${path}/like`,
    headers: member.headers,
    form: { _csrf: member.token, liked: '1' },
  }));
  const rest = WRITES - writes.length;
  for (let n = 0; n < rest; n += 1) {
    if (n % 7 === 0)
      writes.push({
        kind: 'register',
        path: '/register',
        headers: { Cookie: cookie, 'X-Forwarded-For': addressOf(20_000 + n) },
        form: { _csrf: token, name: `writer-${n}`, password: 'a long enough password' },
      });
    else {
      const { headers, token: own } = members[n % EDITORS] as Member;
      writes.push({
        kind: 'publish',
        path: '/editor/new',
        headers,
        form: { _csrf: own, title: `Written once ${n}`, markdown: 'Once.', tags: '', action: 'publish' },
      });
    }
  }
  return writes
    .map((write) => [Math.random(), write] as const)
    .sort(([a], [b]) => a - b)
    .map(([, write]) => write);
}

/** As `/tahan/client.js` does: one key for all tries, Retry-After honoured, until there is an answer that is the site's. */
async function send(port: number, write: Write): Promise<Done> {
  const key = randomUUID();
  const until = performance.now() + PATIENCE_MS;
  let status = 0;
  for (let tries = 1; ; tries += 1) {
    let againMs = 300;
    try {
      const answer = await fetch(`http://127.0.0.1:${port}${write.path}`, {
        method: 'POST',
        redirect: 'manual',
        headers: { ...write.headers, 'Idempotency-Key': key, Accept: 'text/html' },
        body: new URLSearchParams(write.form),
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      });
      await answer.arrayBuffer();
      status = answer.status;
      if (status < 500 && !NOT_YET.has(status)) return { ...write, status, tries };
      againMs = Math.min(2_000, 1_000 * Number(answer.headers.get('retry-after') ?? 0.3));
    } catch {
      status = 0; // cut off: it is not known whether it was done
    }
    if (performance.now() > until) return { ...write, status, tries };
    await delay(againMs * (0.5 + Math.random()));
  }
}

function report(done: readonly Done[], dataDir: string, killed: ReadonlyMap<string, number>, seconds: number): boolean {
  const acknowledged = done.filter(({ status }) => status === 303);
  const db = new Database(join(dataDir, 'site.db'), { readonly: true });
  const count = (sql: string, ...given: unknown[]): number =>
    (db
      .prepare(sql)
      .pluck()
      .get(...given) as number) ?? 0;
  let lost = 0;
  let doubled = 0;
  for (const { kind, form, who, path } of acknowledged) {
    const found =
      kind === 'register'
        ? count('SELECT count(*) FROM users WHERE name = ?', form.name)
        : kind === 'publish'
          ? count('SELECT count(*) FROM posts WHERE title = ?', form.title)
          : count(LIKED, who, decodeURIComponent(path.split('/')[2]!));
    if (found === 0) lost += 1;
    if (found > 1) doubled += 1;
  }
  const counted = count("SELECT value FROM counts WHERE name = 'likes'");
  const allLikes = count('SELECT count(*) FROM likes');
  db.close();
  const again = acknowledged.filter(({ tries }) => tries > 1).length;
  const others = done.filter(({ status }) => status !== 303);
  const kinds = ['register', 'like', 'publish']
    .map((kind) => `${kind} ${acknowledged.filter((one) => one.kind === kind).length}`)
    .join(', ');
  const kills = [...killed].map(([name, times]) => `${name} ${times}`).join(', ');
  const goals: Seen[] = [
    ['acknowledged', `${acknowledged.length} of ${WRITES} in ${seconds.toFixed(0)} s`, acknowledged.length === WRITES],
    ['killed', kills, [...killed.values()].reduce((sum, n) => sum + n, 0) > 3],
    ['sent more than once', `${again}`, again > 0],
    ['lost', `${lost} (${kinds})`, lost === 0],
    ['done twice', `${doubled}`, doubled === 0],
    ['count of likes', `${counted}, in the table ${allLikes}`, counted === allLikes],
  ];
  const held = judged(goals);
  for (const { kind, status, tries } of others.slice(0, 10))
    console.log(`       ${kind}: status ${status} after ${tries} tries`);
  return held;
}

process.exitCode = (await trial()) ? 0 : 1;
