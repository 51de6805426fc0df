import { describe, expect, test } from '@jest/globals';
import { HarError, harJourney, harSteps } from '../../../scripts/load/har-journey.ts';
import type { Asked, Visitor } from '../../../scripts/load/journey.ts';

const entry = (method: string, url: string, at: number, more: object = {}) => ({
  startedDateTime: new Date(1_700_000_000_000 + at).toISOString(),
  request: { method, url, ...more },
  response: { status: method === 'POST' ? 303 : 200 },
});
const har = (...entries: object[]): string => JSON.stringify({ log: { entries } });

describe('a recorded visit', () => {
  test('is the requests to its own host, with the times between them', () => {
    const steps = harSteps(
      har(
        entry('GET', 'https://a.example/login?x=1', 0),
        entry('GET', 'https://cdn.example/lib.js', 10),
        entry('OPTIONS', 'https://a.example/', 20),
        entry('POST', 'https://a.example/login', 1_500, {
          postData: { mimeType: 'application/x-www-form-urlencoded', params: [{ name: 'name', value: 'a%20b' }] },
        }),
        entry('GET', 'https://a.example/late', 100_000),
      ),
    );
    expect(steps).toEqual([
      { name: 'GET /login', path: '/login?x=1', thinkMs: 0, expect: 200 },
      { name: 'POST /login', path: '/login', thinkMs: 1_500, expect: 303, form: { name: 'a b' } },
      { name: 'GET /late', path: '/late', thinkMs: 10_000, expect: 200 },
    ]);
  });

  test('sends a fresh token in the place of the recorded one', async () => {
    const steps = harSteps(
      har(
        entry('GET', 'http://a/login', 0),
        entry('POST', 'http://a/login', 1, {
          postData: { mimeType: 'application/x-www-form-urlencoded', text: '_csrf=old&name=x' },
        }),
        entry('POST', 'http://a/api', 2, { postData: { mimeType: 'application/json', text: '{"a":1}' } }),
      ),
    );
    const asked: Asked[] = [];
    const ask = async (_: string, one: Asked): Promise<string> => {
      asked.push(one);
      return '<input name="_csrf" value="new">';
    };
    await harJourney(steps)({ ask } as unknown as Visitor);
    expect(asked[1]?.form).toEqual({ _csrf: 'new', name: 'x' });
    expect(asked[2]?.body).toEqual({ type: 'application/json', text: '{"a":1}' });
  });

  test.each([
    ['{', 'is no JSON'],
    ['{}', 'cannot be read'],
    [har(), 'cannot be read'],
    [har(...Array.from({ length: 65 }, () => entry('GET', 'http://a/', 0))), 'at most 64'],
  ])('%.40s is refused in words', (text, why) => {
    expect(() => harSteps(text)).toThrow(HarError);
    expect(() => harSteps(text)).toThrow(why);
  });
});
