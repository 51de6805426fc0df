import { expect, test } from '@jest/globals';
import type { Standing } from '../../../src/engine/room/estimate.ts';
import { MAX_KEPT_PAGES, type Told, WaitingPages } from '../../../src/engine/room/page.ts';
import { STANDARD_TEMPLATE } from '../../../src/engine/room/standard-template.ts';
import { readTemplate } from '../../../src/engine/room/template.ts';

const pages = new WaitingPages({
  siteName: 'Test',
  template: readTemplate(STANDARD_TEMPLATE, 'standard'),
  extraHeaders: [],
});
const standing = (place: number): Standing => ({
  place,
  waiting: 2_000,
  seconds: place / 50,
  lowSeconds: place / 60,
  highSeconds: place / 40,
  checkInSeconds: 2,
});
const told = (place: number, cookie = 'a=1'): Told => ({
  room: 'site',
  standing: standing(place),
  beginsInSeconds: undefined,
  again: 2,
  json: false,
  language: 'en',
  cookie,
});

test('those who are told the same get one page, each with his own ticket; so many are kept', () => {
  const first = pages.answer(told(1_200, 'a=1'));
  const second = pages.answer(told(1_200, 'a=2'));
  expect(second.body).toBe(first.body);
  expect(second.head).toContain('a=2');
  expect(String(first.body)).toContain('1,200');
  for (let place = 1; place <= MAX_KEPT_PAGES; place++)
    expect(String(pages.answer(told(place)).body)).toContain(`<dd>${place} <`);
  expect(pages.answer(told(1_200)).body).not.toBe(first.body);
  expect(pages.answer(told(1_200)).body).toEqual(first.body);
});
