import { z } from 'zod';
import { insertActivity } from '../data/activity.ts';
import { MEMBERS_TAG, userTag } from '../data/cache-tags.ts';
import type { Db } from '../data/open.ts';
import {
  deleteSession,
  deleteSessionByCookie,
  deleteSessionsOf,
  insertSession,
  newSessionId,
  SESSION_MS,
} from '../data/sessions.ts';
import type { User } from '../data/types.ts';
import {
  type Credentials,
  credentialsById,
  credentialsByName,
  insertUser,
  setPasswordHash,
  setProfile,
  userById,
  userByName,
} from '../data/users.ts';
import { longRead, write, writtenBefore } from '../data/write.ts';
import { hash, isSlow, verify } from './password.ts';
import * as rules from './rules.ts';
import { dataDir, task } from './task.ts';

const sessionId = z.string().min(1).max(200);
const userAgent = z.string().max(10_000).default('');
/** The session that the browser had until now; it ends with the new one's begin. */
const before = sessionId.optional();

export interface SignedIn {
  ok: true;
  /** For the cookie; the database keeps only its hash. */
  sessionId: string;
  /** Epoch ms. */
  expiresAt: number;
  user: User;
}

interface NewSession {
  userAgent: string;
  before?: string | undefined;
}

/** Inside a write. */
function begin(db: Db, userId: number, { userAgent: agent, before: old }: NewSession): SignedIn {
  const now = Date.now();
  const id = newSessionId();
  if (old !== undefined) deleteSessionByCookie(db, old);
  insertSession(db, { sessionId: id, userId, userAgent: agent, now });
  insertActivity(db, { userId, kind: 'sign-in', at: now });
  return { ok: true, sessionId: id, expiresAt: now + SESSION_MS, user: userById(db, userId)! };
}

/** Makes an account and its first session. */
export const register = task(
  z.object({
    dataDir,
    name: rules.userName,
    displayName: rules.displayName.optional(),
    password: rules.newPassword,
    userAgent,
    before,
  }),
  async (input, { signal }): Promise<SignedIn | { ok: false; reason: 'name-taken' }> => {
    // Looked up first: a taken name shall not cost a hash.
    if ((await longRead(input.dataDir, signal, (db) => userByName(db, input.name))) !== undefined)
      // Perhaps by this request itself. Looked up in this order: what has taken the name is written by now.
      return (await writtenBefore<SignedIn>(input.dataDir, signal)) ?? { ok: false, reason: 'name-taken' };
    signal.throwIfAborted();
    const passwordHash = hash(input.password);
    return write(input.dataDir, signal, (db) => {
      const { name, displayName = name } = input;
      const id = insertUser(db, { name, displayName, role: 'member', passwordHash, createdAt: Date.now() });
      return id === undefined ? { ok: false, reason: 'name-taken' } : begin(db, id, input);
    });
  },
);

const givenCredentials = z.object({
  dataDir,
  name: z.string().max(1_000),
  password: rules.givenPassword,
  userAgent,
  before,
});

interface WrongPassword {
  ok: false;
  reason: 'wrong-password';
}

/** The stored hash is slow to check. Nothing was checked: the task of the same name with `Slowly` does it. */
interface Slow {
  ok: false;
  reason: 'slow';
}

/**
 * Checks the password and begins a session; not when the stored hash is an old one. The pool gives its threads to
 * tasks by their names: a hash that takes twenty times as long shall not make the quick ones wait.
 *
 * An unknown name takes as long as a wrong password, and is told the same. What remains: an account whose hash is still
 * an old one answers later, until its owner has signed in for once. So somebody with a watch can tell that this name
 * has an account which was not used since the update. To hide it, each unknown name would have to cost as much as an
 * old hash, for ever.
 */
export const signIn = task(givenCredentials, async (input, { signal }): Promise<SignedIn | WrongPassword | Slow> => {
  const known = await longRead(input.dataDir, signal, (db) => credentialsByName(db, input.name.trim()));
  if (isSlow(known?.passwordHash)) return { ok: false, reason: 'slow' };
  return checkAndBegin(known, input, signal);
});

/** `signIn`, whatever the stored hash is. A right password is hashed anew, so that the next sign-in is quick. */
export const signInSlowly = task(givenCredentials, async (input, { signal }): Promise<SignedIn | WrongPassword> => {
  const known = await longRead(input.dataDir, signal, (db) => credentialsByName(db, input.name.trim()));
  return checkAndBegin(known, input, signal);
});

async function checkAndBegin(
  known: Credentials | undefined,
  input: z.output<typeof givenCredentials>,
  signal: AbortSignal,
): Promise<SignedIn | WrongPassword> {
  signal.throwIfAborted();
  const { right, outdated } = verify(input.password, known?.passwordHash);
  if (!right || known === undefined) return { ok: false, reason: 'wrong-password' };
  signal.throwIfAborted();
  const newHash = outdated ? hash(input.password) : known.passwordHash;
  return write(input.dataDir, signal, (db) => {
    // The password may have changed, or the account gone, while the old one was checked.
    if (credentialsById(db, known.id)?.passwordHash !== known.passwordHash)
      return { ok: false, reason: 'wrong-password' };
    if (outdated) setPasswordHash(db, known.id, newHash);
    return begin(db, known.id, input);
  });
}

/** Ends the session of a cookie. Fine when it has ended before. */
export const signOut = task(z.object({ dataDir, sessionId }), async (input, { signal }): Promise<{ ok: true }> => {
  await write(input.dataDir, signal, (db) => deleteSessionByCookie(db, input.sessionId));
  return { ok: true };
});

/** Ends one of the user's own sessions, by its id in the list. */
export const endSession = task(
  z.object({ dataDir, userId: rules.id, id: rules.id }),
  async (input, { signal }): Promise<{ ok: true } | { ok: false; reason: 'not-found' }> => {
    const ended = await write(input.dataDir, signal, (db) => deleteSession(db, input.userId, input.id));
    return ended ? { ok: true } : { ok: false, reason: 'not-found' };
  },
);

/** Ends all of the user's sessions but the one of the cookie. */
export const endOtherSessions = task(
  z.object({ dataDir, userId: rules.id, sessionId }),
  async (input, { signal }): Promise<{ ok: true; ended: number }> => ({
    ok: true,
    ended: await write(input.dataDir, signal, (db) => deleteSessionsOf(db, input.userId, input.sessionId)),
  }),
);

const passwordChange = z.object({
  dataDir,
  userId: rules.id,
  sessionId,
  current: rules.givenPassword,
  next: rules.newPassword,
});

interface Changed {
  ok: true;
  /** Sessions that were ended. */
  ended: number;
}

/** Sets another password, and ends the user's other sessions; not when the stored hash is an old one, as in `signIn`. */
export const changePassword = task(
  passwordChange,
  async (input, { signal }): Promise<Changed | WrongPassword | Slow> => {
    const known = await longRead(input.dataDir, signal, (db) => credentialsById(db, input.userId));
    if (isSlow(known?.passwordHash)) return { ok: false, reason: 'slow' };
    return checkAndChange(known, input, signal);
  },
);

/** `changePassword`, whatever the stored hash is. */
export const changePasswordSlowly = task(
  passwordChange,
  async (input, { signal }): Promise<Changed | WrongPassword> => {
    const known = await longRead(input.dataDir, signal, (db) => credentialsById(db, input.userId));
    return checkAndChange(known, input, signal);
  },
);

async function checkAndChange(
  known: Credentials | undefined,
  input: z.output<typeof passwordChange>,
  signal: AbortSignal,
): Promise<Changed | WrongPassword> {
  signal.throwIfAborted();
  if (!verify(input.current, known?.passwordHash).right)
    return (await writtenBefore<Changed>(input.dataDir, signal)) ?? { ok: false, reason: 'wrong-password' };
  signal.throwIfAborted();
  const next = hash(input.next);
  return write(input.dataDir, signal, (db) => {
    if (credentialsById(db, input.userId)?.passwordHash !== known?.passwordHash)
      return { ok: false, reason: 'wrong-password' };
    setPasswordHash(db, input.userId, next);
    return { ok: true, ended: deleteSessionsOf(db, input.userId, input.sessionId) };
  });
}

/** Sets how others see the user. */
export const updateProfile = task(
  z.object({ dataDir, userId: rules.id, displayName: rules.displayName, bio: rules.bio, roleShown: rules.roleShown }),
  async (input, { signal }): Promise<{ ok: true; purge: string[] }> => {
    await write(input.dataDir, signal, (db) => setProfile(db, input.userId, input));
    return { ok: true, purge: [userTag(input.userId), MEMBERS_TAG] };
  },
);
