import { z } from 'zod';
import type { Post } from '../../data/types.ts';
import { markdown, slug, tagNames, title } from '../../tasks/rules.ts';
import { fromUtcInput, toUtcInput } from './utc-input.ts';

/** An optional time of a form; empty is none. */
const time = z
  .string()
  .default('')
  .transform((value, ctx) => {
    if (value === '') return null;
    const at = fromUtcInput(value);
    if (at !== undefined) return at;
    ctx.addIssue('Please give a date and a time, such as 2026-03-09T14:05.');
    return z.NEVER;
  });

/** What editors send. */
export const postForm = z
  .object({
    title,
    markdown,
    tags: z
      .string()
      .max(400, 'At most 400 characters.')
      .default('')
      .transform((text) =>
        text
          .split(',')
          .map((name) => name.trim())
          .filter((name) => name !== ''),
      )
      .pipe(tagNames),
    slug: z.preprocess(
      (value) =>
        typeof value === 'string' && value.trim() === '' ? undefined : typeof value === 'string' ? value.trim() : value,
      slug.optional(),
    ),
    version: z.coerce.number().int().optional(),
    pinned: z.literal('1').optional(),
    campaignEndsAt: time,
    publishAt: time,
    action: z.enum(['publish', 'draft', 'schedule']),
  })
  .refine(({ action, publishAt }) => action !== 'schedule' || publishAt !== null, {
    path: ['publishAt'],
    error: 'Please say when it shall be published.',
  });

export type PostForm = z.output<typeof postForm>;

/** The form's fields of a post as it is. */
export function postValues(post: Post): Record<string, string> {
  return {
    title: post.title,
    markdown: post.markdown,
    tags: post.tags.join(', '),
    slug: post.slug,
    version: String(post.version),
    pinned: post.pinned ? '1' : '',
    campaignEndsAt: toUtcInput(post.campaignEndsAt),
    publishAt: toUtcInput(post.status === 'scheduled' ? post.publishAt : null),
  };
}
