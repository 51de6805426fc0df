import http from 'node:http';
import { afterEach, expect, test } from '@jest/globals';
import { eventually, siteFile, startServer, stopAll, type TestServer } from './server.ts';

afterEach(stopAll, 60_000);

interface Told {
  status: number;
  body: string;
  again: number;
}

/** A browser or a program that keeps its cookies. */
function visitor(server: TestServer, jar = new Map<string, string>()) {
  return {
    jar,
    ask: (method = 'GET', path = '/'): Promise<Told> =>
      new Promise((resolve, reject) => {
        const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
        const headers = { accept: 'application/json', ...(cookie === '' ? {} : { cookie }) };
        const asked = http.request(
          { host: '127.0.0.1', port: server.port, method, path, headers, agent: false },
          (answer) => {
            let body = '';
            answer.on('data', (chunk: Buffer) => (body += chunk.toString()));
            answer.on('end', () => {
              for (const line of answer.headers['set-cookie'] ?? []) {
                const [name = '', value = ''] = line.split(';')[0]!.split('=');
                if (value === '') jar.delete(name);
                else jar.set(name, value);
              }
              resolve({ status: answer.statusCode!, body, again: Number(answer.headers['retry-after'] ?? 1) });
            });
          },
        );
        asked.on('error', reject);
        asked.end();
      }),
  };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test('a crowd with cookies queues, is told its place, and all of it gets in; those inside stay inside', async () => {
  const server = await startServer({
    TAHAN_ROOM: 'auto',
    TAHAN_SITE: siteFile('slow-page'),
    TAHAN_WORKERS_MAX: '1',
    TAHAN_SPARE: '0',
  });
  const places: number[] = [];
  const rooms = new Set<string>();
  const landed: ReturnType<typeof visitor>[] = [];
  const people = Array.from({ length: 320 }, async (_, n) => {
    const [path, room] = n % 2 === 0 ? ['/', 'site'] : ['/shop', 'shop'];
    const one = visitor(server);
    await pause(Math.random() * 500);
    for (let looks = 0; looks < 60; looks += 1) {
      const { status, body, again } = await one.ask('GET', path);
      if (status === 200) {
        landed.push(one);
        return looks;
      }
      expect(status).toBe(503);
      const { waiting } = JSON.parse(body) as { waiting?: { room: string; place: number } };
      if (waiting !== undefined) {
        expect(waiting.room).toBe(room);
        rooms.add(waiting.room);
        places.push(waiting.place);
      }
      await pause(again * 1_000);
    }
    throw new Error('never let in');
  });
  await Promise.all(people);
  expect(landed).toHaveLength(320);
  // Both lines were kept, each for its own pages.
  expect([...rooms].sort()).toEqual(['shop', 'site']);
  expect(landed.some(({ jar }) => jar.has('tahan_pass_shop'))).toBe(true);
  expect(places.length).toBeGreaterThan(0);
  expect(Math.max(...places)).toBeGreaterThan(5);
  const inside = landed.filter(({ jar }) => jar.has('tahan_pass'));
  expect(inside.length).toBeGreaterThan(0);
  // A pass lets in again, and the site can take it back.
  expect((await inside[0]!.ask()).status).toBe(200);
  expect(inside[0]!.jar.has('tahan_pass')).toBe(true);
  await inside[0]!.ask('GET', '/leave');
  expect(inside[0]!.jar.has('tahan_pass')).toBe(false);
  expect(inside[0]!.jar.has('tahan_ticket')).toBe(false);
  await eventually(server.metrics, (text) => /tahan_room_waiting 0\n/.test(text), 30_000);
  expect(await server.metrics()).toMatch(/tahan_room_visits_total\{outcome="enters"\} \d+/);
}, 90_000);
