import { AsyncLocalStorage } from 'node:async_hooks';
import { createHash } from 'node:crypto';
import { seal, unseal } from '../../engine/idempotency/sealed.ts';
import type { Db } from './open.ts';
import { statement } from './statement.ts';

/** As long as the engine keeps its records of keys, ms. */
const KEEP_MS = 24 * 60 * 60 * 1_000;
/** Old ones that are removed with each new one. */
const REMOVE = 10;

/** The key of the write that this thread works on, where its request has one: of this request and this task only. */
export const onceKey = new AsyncLocalStorage<string>();

const digest = (purpose: string, key: string): Buffer =>
  createHash('sha256').update(`done write ${purpose}\0${key}`).digest();

/** What the write of this key gave when it was done before; undefined: it was not. */
export function doneBefore(db: Db, key: string): { result: unknown } | undefined {
  const row = statement<{ result: Buffer }>(db, 'SELECT result FROM done_writes WHERE id = ?').get(digest('id', key));
  return row === undefined
    ? undefined
    : (JSON.parse(unseal(digest('secret', key), row.result).toString()) as { result: unknown });
}

/** Inside the write: what it gives to every further try. */
export function noteDone(db: Db, key: string, result: unknown, now: number): void {
  const sealed = seal(digest('secret', key), Buffer.from(JSON.stringify({ result })));
  statement(db, 'INSERT INTO done_writes (id, result, at) VALUES (?, ?, ?)').run(digest('id', key), sealed, now);
  statement(
    db,
    'DELETE FROM done_writes WHERE id IN (SELECT id FROM done_writes WHERE at < ? ORDER BY at LIMIT ?)',
  ).run(now - KEEP_MS, REMOVE);
}
