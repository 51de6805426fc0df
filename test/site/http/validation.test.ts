import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { readForm } from '../../../src/site/http/validation.ts';
import { displayName, userName } from '../../../src/site/tasks/rules.ts';

const form = z.object({ name: userName, action: z.enum(['draft', 'publish']), own: z.string('In its own words.') });

test.each([
  [undefined, { name: 'Please fill this in.', action: 'This cannot be used here.', own: 'In its own words.' }],
  [
    { name: ['anna', 'berta'], action: 'x', own: {} },
    { name: 'This cannot be used here.', action: 'This cannot be used here.', own: 'In its own words.' },
  ],
  [{ name: 'ab', action: 'draft', own: '' }, { name: 'At least 3 characters.' }],
])('what a form of ours would not send is refused in words for people: %j', (body, errors) => {
  expect(readForm(form, body)).toMatchObject({ ok: false, errors });
});

test.each(['\u200b', '\u200d\u200c', '\u2060\ufeff', '\u00ad'])('a name that nobody can see, %j, is none', (name) => {
  expect(displayName.safeParse(name).error?.issues[0]?.message).toBe('Must not be empty.');
});

test.each(['Ada', '木村', '😀', '(o_o)', 'नमस्ते'])('%j is a name', (name) => {
  expect(displayName.safeParse(name).success).toBe(true);
});
