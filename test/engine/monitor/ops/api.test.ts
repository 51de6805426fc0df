import { mkdirSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import supertest from 'supertest';
import { MAX_SHARED, SharedAnswers } from '../../../../src/engine/monitor/ops/shared-answers.ts';
import { MAX_BEHIND, MAX_STREAMS, Streams } from '../../../../src/engine/monitor/ops/streams.ts';
import { eventually } from '../../../cluster/server.ts';
import { type Fixture, fixture, sampleAt, TOKEN } from './fixture.ts';

const open: Fixture[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});
const place = (options: Parameters<typeof fixture>[0] = {}): Fixture => {
  const made = fixture(options);
  open.push(made);
  return made;
};
const BEARER = `Bearer ${TOKEN}`;

describe('history', () => {
  test('gives points and gaps of a range', async () => {
    const { server } = place();
    const to = Date.now();
    const { body } = await supertest(server)
      .get(`/ops/api/history?from=${to - 60_000}&to=${to}&points=30`)
      .expect(200);
    expect(body.at.length).toBeLessThanOrEqual(31);
    expect(body.series['rate.fresh'].length).toBe(body.at.length);
  });

  test.each([
    ['', ['from: is missing', 'to: is missing']],
    ['from=x&to=2', ['from: must be a time in epoch ms']],
    ['from=2&to=1', ['from: must be before to']],
    ['from=1&to=99999999999999', ['from: may be at most 800 days before to']],
    ['from=1&to=2&points=1', ['points: must be a whole number from 2 to 2000']],
    ['from=1&to=2&points=2001', ['points: must be']],
    ['from=1&to=2&points=NaN', ['points: must be']],
  ])('refuses ?%s with a line for each mistake', async (query, lines) => {
    const { server } = place();
    const { text } = await supertest(server).get(`/ops/api/history?${query}`).expect(400);
    for (const line of lines) expect(text).toContain(line);
  });

  test('is counted once for all who ask for the same within a moment, and only so much is kept', () => {
    let now = 0;
    let made = 0;
    const shared = new SharedAnswers(() => now);
    const response = { req: { method: 'GET' }, writeHead: () => {}, end: () => {} } as never;
    const ask = (query: string): void => shared.write(response, query, () => ++made);
    ask('from=1');
    ask('from=1');
    expect(made).toBe(1);
    now = 2_000;
    ask('from=1');
    expect(made).toBe(2);
    for (let from = 0; from < 100; from++) ask(`from=${from}`);
    expect(shared.size).toBe(MAX_SHARED);
  });
});

describe('the stream', () => {
  test('begins with the newest sample and goes on with each', async () => {
    const { server, feed, ops } = place();
    server.listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    let text = '';
    const asked = get({ port: (server.address() as AddressInfo).port, path: '/ops/api/stream' }, (stream) => {
      stream.on('data', (chunk) => (text += chunk)).on('error', () => {});
    });
    asked.on('error', () => {});
    await eventually(
      () => text,
      (seen) => seen.includes('event: sample'),
    );
    feed(sampleAt(Date.now(), 0.5, { reason: 'the second one' }));
    ops.tellNews();
    await eventually(
      () => text,
      (seen) => seen.includes('the second one') && seen.includes('event: news'),
    );
    asked.destroy();
    await eventually(
      () => ops.streams.size,
      (size) => size === 0,
    );
  });

  test('is given to 32 dashboards, and one more is told so', async () => {
    const { server, ops } = place();
    server.listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const path = '/ops/api/stream';
    const ask = (): Promise<IncomingMessage> =>
      new Promise((resolve, reject) => {
        get({ port: (server.address() as AddressInfo).port, path, agent: false }, resolve).on('error', reject);
      });
    const streams = await Promise.all(Array.from({ length: MAX_STREAMS }, ask));
    expect(streams.map(({ statusCode }) => statusCode)).toEqual(Array(MAX_STREAMS).fill(200));
    expect(ops.streams.size).toBe(MAX_STREAMS);
    await supertest(server).get(path).expect(503, '32 dashboards are open: close one.\n');
    for (const stream of streams) stream.on('error', () => {}).destroy();
  });

  test('drops a reader that takes nothing', () => {
    const streams = new Streams();
    let dropped = false;
    const slow = {
      on: () => {},
      writeHead: () => {},
      write: () => {},
      writableLength: 0,
      destroy: () => (dropped = true),
    };
    expect(streams.add(slow as never, [])).toBe(true);
    streams.send('x');
    expect(dropped).toBe(false);
    slow.writableLength = MAX_BEHIND + 1;
    streams.send('x');
    expect(dropped).toBe(true);
  });
});

describe('actions', () => {
  const act = (made: Fixture, body: string | object) =>
    supertest(made.server)
      .post('/ops/api/actions')
      .set('authorization', BEARER)
      .set('content-type', 'application/json')
      .send(body);

  test('are done, or say why not', async () => {
    const made = place();
    await act(made, { do: 'workers', min: 1, max: 2 }).expect(200, { ok: true, text: 'It is done.' });
    await act(made, { do: 'reload' }).expect(409, { ok: false, text: 'Reloads are held.' });
    expect(made.actions).toEqual([{ do: 'workers', min: 1, max: 2 }, { do: 'reload' }]);
  });

  test.each([
    [{ do: 'workers', min: 3, max: 2 }, 'min: must be at most max'],
    [{ do: 'workers', min: 0, max: 2 }, 'min:'],
    [{ do: 'block', network: '0.0.0.0/0', minutes: 5 }, 'network: must be an address or a network'],
    [{ do: 'block', network: '10.0.0.0/8', minutes: 99_999 }, 'minutes:'],
    [{ do: 'feature', path: '/', on: false }, 'path: must be a path'],
    [{ do: 'note', text: '  ' }, 'text:'],
    [{ do: 'nothing' }, 'do:'],
    ['{', 'not JSON'],
  ])('refuse %j in a line', async (body, line) => {
    const made = place();
    expect((await act(made, body).expect(400)).text).toContain(line);
    expect(made.actions).toEqual([]);
  });

  test('of over 4 KiB are refused, and so is another type', async () => {
    const made = place();
    await act(made, { do: 'note', text: 'x'.repeat(5_000) }).expect(413);
    await supertest(made.server)
      .post('/ops/api/actions')
      .set('authorization', BEARER)
      .type('form')
      .send('do=note')
      .expect(400);
  });
});

describe('files', () => {
  test('a profile is downloaded by its name, and nothing else of the disk', async () => {
    const { server, profilesDir } = place();
    await supertest(server).get('/ops/api/profiles').expect(200, []);
    mkdirSync(profilesDir, { recursive: true });
    writeFileSync(join(profilesDir, 'one.cpuprofile'), '{}');
    writeFileSync(join(profilesDir, 'secret.txt'), 'no');
    await supertest(server).get('/ops/api/profiles').expect(200, ['one.cpuprofile']);
    const { headers } = await supertest(server).get('/ops/api/profiles/one.cpuprofile').expect(200);
    expect(headers['content-disposition']).toBe('attachment; filename="one.cpuprofile"');
    for (const name of ['secret.txt', '..%2Fsecret.txt', '..'])
      await supertest(server).get(`/ops/api/profiles/${name}`).expect(404);
  });

  test('an incident is given in its three forms', async () => {
    const { server } = place();
    for (const format of ['html', 'md', 'json'])
      await supertest(server).get(`/ops/api/incidents/one.${format}`).expect(200);
    await supertest(server).get('/ops/api/incidents/two.html').expect(404);
    await supertest(server).get('/ops/api/incidents/one.exe').expect(404);
  });

  test('the page has all its parts, and TypeScript comes as JavaScript', async () => {
    const { server } = place();
    const { text } = await supertest(server).get('/ops').expect(200);
    const parts = [...text.matchAll(/(?:src|href)="(\/ops\/assets\/[^"]+)"/g)].map(([, path]) => path!);
    expect(parts.length).toBeGreaterThan(4);
    for (const path of parts) await supertest(server).get(path).expect(200);
    const main = await supertest(server)
      .get('/ops/assets/main.ts')
      .expect(200)
      .expect('content-type', /javascript/);
    expect(main.text).not.toContain('import type');
    for (const [, name] of main.text.matchAll(/from '\.\/([\w.-]+)'/g))
      await supertest(server).get(`/ops/assets/${name}`).expect(200);
    await supertest(server).get('/ops/assets/other.js').expect(404);
    await supertest(server).delete('/ops/api/alerts').expect(405).expect('allow', 'GET');
  });
});
