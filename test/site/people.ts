import { openWriter } from '../../src/site/data/open.ts';
import type { Role } from '../../src/site/data/types.ts';
import { insertUser } from '../../src/site/data/users.ts';
import { hash } from '../../src/site/tasks/password.ts';
import type { Browser } from './browser.ts';

export const PASSWORD = 'a harbour for every ship';

/** Puts a user into the database, with PASSWORD hashed at a low cost. */
export function addUser(dataDir: string, name: string, role: Role = 'member'): number {
  const db = openWriter(dataDir);
  try {
    const passwordHash = hash(PASSWORD, { memoryKib: 64, passes: 1, parallelism: 1 });
    return insertUser(db, { name, displayName: name, role, passwordHash, createdAt: Date.now() })!;
  } finally {
    db.close();
  }
}

export async function signIn(browser: Browser, name: string): Promise<void> {
  const response = await browser.submit('/login', '/login', { name, password: PASSWORD });
  if (response.status !== 303) throw new Error(`${name} could not sign in: ${response.status}`);
}
