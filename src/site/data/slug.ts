import { randomBytes } from 'node:crypto';
import type { Db } from './open.ts';
import { slugTaken } from './posts.ts';

export const MAX_SLUG_LENGTH = 80;
export const SLUG = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
/** Numbers tried behind a taken slug, before random letters make it free. */
const MAX_NUMBER = 20;

/** A title in the letters of an address: `Über uns!` is `uber-uns`. Empty when no letter is left. */
export function slugify(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, MAX_SLUG_LENGTH)
    .replace(/^-|-$/g, '');
}

/** A slug that no other post has, made from the title. */
export function freeSlug(db: Db, title: string, exceptPostId = 0): string {
  const base =
    slugify(title)
      .slice(0, MAX_SLUG_LENGTH - 8)
      .replace(/-$/, '') || 'post';
  if (!slugTaken(db, base, exceptPostId)) return base;
  for (let number = 2; number <= MAX_NUMBER; number += 1) {
    const numbered = `${base}-${number}`;
    if (!slugTaken(db, numbered, exceptPostId)) return numbered;
  }
  return `${base}-${randomBytes(3).toString('hex')}`;
}
