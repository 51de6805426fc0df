import { z } from 'zod';
import { MAX_SLUG_LENGTH, SLUG } from '../data/slug.ts';

/** What people may enter; the messages are shown to them. */

export const userName = z
  .string()
  .trim()
  .min(3, 'At least 3 characters.')
  .max(30, 'At most 30 characters.')
  .regex(
    /^[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?$/,
    'Letters, digits, - and _ only; a letter or digit first and last.',
  );

export const displayName = z
  .string()
  .trim()
  .min(1, 'Must not be empty.')
  .max(60, 'At most 60 characters.')
  // Bidirectional overrides would turn round the text beside a name.
  // Of spaces and joiners only, a name would be a gap.
  .regex(/[\p{L}\p{N}\p{P}\p{S}]/u, 'Must not be empty.')
  .regex(/^[^\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]*$/u, 'Must not contain control characters.');

/** A checkbox: everybody may read the member's role. */
export const roleShown = z.union([z.literal(0), z.literal(1)]);

export const bio = z.string().trim().max(500, 'At most 500 characters.');

/** For a new password; NIST SP 800-63B: at least 8, long ones allowed, no rules of composition. */
export const newPassword = z.string().min(8, 'At least 8 characters.').max(200, 'At most 200 characters.');

/** For a password that is checked: bounded, so that nobody makes us hash megabytes. */
export const givenPassword = z.string().max(1_000);

export const title = z
  .string()
  .trim()
  .min(1, 'A post needs a title.')
  .max(200, 'At most 200 characters.')
  .regex(/^[^\p{Cc}]*$/u, 'Must not contain control characters.');

export const slug = z.string().max(MAX_SLUG_LENGTH).regex(SLUG, 'Lower-case letters, digits and single dashes only.');

/** Most characters of a post's Markdown. */
export const MAX_MARKDOWN = 200_000;
export const markdown = z.string().max(MAX_MARKDOWN, `At most ${MAX_MARKDOWN} characters.`);

export const MAX_TAGS = 10;
export const tagName = z
  .string()
  .trim()
  .toLowerCase()
  .transform((name) => name.replace(/[\s_]+/g, '-'))
  .pipe(
    z
      .string()
      .max(30, 'At most 30 characters.')
      .regex(/^[\p{L}\p{N}]+(?:[.+#-]*[\p{L}\p{N}+#])*$/u, 'Letters and digits, with dashes between.'),
  );
export const tagNames = z
  .array(tagName)
  .max(MAX_TAGS, `At most ${MAX_TAGS} tags.`)
  .transform((names) => [...new Set(names)]);

/** Epoch ms; until the year 9999. */
export const time = z.int().min(0).max(253_402_300_799_999);
export const id = z.int().positive();
