import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { STANDARD_TEMPLATE } from '../../../src/engine/room/standard-template.ts';
import {
  fill,
  MAX_TEMPLATE_BYTES,
  readTemplate,
  TEMPLATE_VALUES,
  TemplateError,
  type TemplateValues,
  templateAt,
} from '../../../src/engine/room/template.ts';

const folder = mkdtempSync(join(tmpdir(), 'template-'));
afterAll(() => rmSync(folder, { recursive: true }));
const mistakesIn = (source: string): string[] => {
  try {
    readTemplate(source, 'waiting.eta');
    return [];
  } catch (error) {
    if (error instanceof TemplateError) return error.message.split('\n');
    throw error;
  }
};

test('a template as large as may be is taken, one byte more is a mistake', () => {
  expect(mistakesIn('a'.repeat(MAX_TEMPLATE_BYTES))).toEqual([]);
  expect(mistakesIn(`${'a'.repeat(MAX_TEMPLATE_BYTES - 1)}é`)).toEqual([
    `waiting.eta: ${MAX_TEMPLATE_BYTES + 1} bytes; at most ${MAX_TEMPLATE_BYTES}, as everybody who waits gets it again and again`,
  ]);
});

test.each([
  ['<script>1</script>', 'a script'],
  ['<link rel=stylesheet href=/a.css>', 'a link element'],
  ['<iframe src=/></iframe>', 'an element that loads something'],
  ['<img src="/logo.png">', 'an image that is no data: address'],
  ['<img alt="" src=//cdn.example/a>', 'an image that is no data: address'],
  ['<style>a{background:url(/a.png)}</style>', 'a url() in a style that is no data: address'],
  ['<style>@import "a.css"</style>', 'an @import in a style'],
  ['<img srcset="a 2x">', 'a srcset'],
  ['<meta http-equiv="refresh" content="1">', 'a refresh of its own'],
])('what would make each who waits ask for more is a mistake: %s', (source, what) => {
  expect(mistakesIn(source)).toContain(`waiting.eta: has ${what}; a waiting page must need nothing besides itself`);
});

test('an image and a style inside are none', () => {
  expect(mistakesIn('<img src="data:image/png;base64,AA"><style>a{background:url( "data:,")}</style>')).toEqual([]);
  expect(mistakesIn(STANDARD_TEMPLATE)).toEqual([]);
});

test('code and values that do not exist are mistakes, all told at once', () => {
  const lines = mistakesIn('<%= it.name %><% for (;;) {} %><%~ it.place %><style>a{<%= it.lang %>}</style>');
  expect(lines).toHaveLength(4);
  expect(lines[0]).toContain('<%= it.name %> cannot be used; there are it.lang,');
});

test('values are escaped', () => {
  const values = Object.fromEntries(TEMPLATE_VALUES.map((name) => [name, `<${name}>"`])) as TemplateValues;
  expect(fill(readTemplate('<p><%= it.place %></p>', 'it'), values)).toBe('<p>&#60;place&#62;&#34;</p>');
});

test('a file that is not there is the standard page; one with a mistake names itself', () => {
  expect(templateAt(join(folder, 'none.eta'))).toEqual(readTemplate(STANDARD_TEMPLATE, 'it'));
  const path = join(folder, 'waiting.eta');
  writeFileSync(path, '<script>');
  expect(() => templateAt(path)).toThrow(`${path}: has a script`);
});
