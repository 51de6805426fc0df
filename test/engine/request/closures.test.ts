import { createServer } from 'node:http';
import { BlockList } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import supertest from 'supertest';
import { Closures } from '../../../src/engine/request/closures.ts';

const closures = (state: Partial<Parameters<Closures['set']>[0]>): Closures => {
  const made = new Closures(new BlockList(), 'Test <site>', true);
  made.set({ maintenance: false, off: [], blocked: [], ...state });
  return made;
};
const of = (made: Closures, target: string, address = '203.0.113.9', now = 0) =>
  made.closedFor(target, () => address, now);

describe('what an operator has closed', () => {
  test('nothing: no request is looked at', () => expect(closures({}).active).toBe(false));

  test('a path and what is below it, whatever the query', () => {
    const made = closures({ off: ['/search'] });
    expect(['/search', '/search?q=1', '/search/more', '/searching', '/'].map((target) => of(made, target))).toEqual([
      'off',
      'off',
      'off',
      undefined,
      undefined,
    ]);
  });

  test('a network until its time is over, in both families', () => {
    const made = closures({
      blocked: [
        { network: '203.0.113.0/24', untilMs: 10 },
        { network: '2001:db8::/48', untilMs: 10 },
      ],
    });
    expect(of(made, '/')).toBe('blocked');
    expect(of(made, '/', '2001:db8::7')).toBe('blocked');
    expect(of(made, '/', '198.51.100.1')).toBeUndefined();
    expect(of(made, '/', '203.0.113.9', 10)).toBeUndefined();
  });

  test('maintenance closes all but what watches the server', async () => {
    const made = closures({ maintenance: true });
    const server = createServer((request, response) => {
      if (!made.answer(request, response)) response.end('open');
    });
    const page = await supertest(server).get('/').set('accept', 'text/html').expect(503).expect('retry-after', '60');
    expect(page.text).toContain('Test &#60;site&#62;');
    await supertest(server).get('/').set('accept', 'application/json').expect(503).expect('content-type', /json/);
    for (const path of ['/health', '/health/ready', '/metrics?x']) await supertest(server).get(path).expect(200);
    await supertest(server).get('/healthy').expect(503);
    await supertest(server).post('/').send('a=b').expect(503).expect('connection', 'close');
  });
});
