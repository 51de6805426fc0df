import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Channel, channelsOf } from '../../../../src/engine/monitor/messages/channels.ts';
import type { AlertMessage } from '../../../../src/engine/monitor/messages/message.ts';
import { createOutbox, OUTBOX_DEFAULTS } from '../../../../src/engine/monitor/messages/outbox.ts';
import { MAX_WAITING } from '../../../../src/engine/monitor/messages/outbox-store.ts';
import { DeliveryError } from '../../../../src/engine/monitor/messages/post.ts';
import { openTrafficDb, type TrafficDb } from '../../../../src/engine/monitor/traffic-db.ts';

let folder: string;
let db: TrafficDb;
let lines: string[];
let clock: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tahan-outbox-'));
  db = openTrafficDb(folder, () => {});
  lines = [];
  clock = 1_000_000;
});
afterEach(() => {
  db.close();
  rmSync(folder, { recursive: true });
});

const messageOf = (id: string): AlertMessage => ({
  id,
  alert: 'surge',
  state: 'firing',
  severity: 'warn',
  at: 1,
  firedAt: 1,
  text: 'much',
  sentence: 'What to do.',
  value: 1,
  site: 'Tahan',
  url: '',
});
const open = (channels: readonly Channel[]) =>
  createOutbox({
    db,
    channels,
    log: { warn: (fields, text) => lines.push(`${text} ${JSON.stringify(fields)}`) },
    options: { ...OUTBOX_DEFAULTS, timeoutMs: 200 },
    now: () => clock,
    random: () => 0.5,
  });
/** A channel that fails so many times. */
const channel = (failures = 0, error: Error = new DeliveryError('it answers 503')) => {
  const sent: string[] = [];
  let tries = 0;
  const made: Channel = {
    name: 'test',
    async send({ id }) {
      tries += 1;
      if (tries <= failures) throw error;
      sent.push(id);
    },
  };
  return { channel: made, sent, tries: () => tries };
};

describe('the queue of messages', () => {
  test('sends each once, in order, whatever is queued twice', async () => {
    const to = channel();
    const outbox = open([to.channel]);
    for (const id of ['a', 'b', 'a']) outbox.add(messageOf(id));
    await outbox.flush();
    outbox.add(messageOf('b'));
    await outbox.flush();
    expect([to.sent, outbox.waiting]).toEqual([['a', 'b'], 0]);
  });

  test('tries again later, with pauses that grow', async () => {
    const to = channel(2);
    const outbox = open([to.channel]);
    outbox.add(messageOf('a'));
    const triesAfter: number[] = [];
    for (const passed of [0, 1_999, 1, 3_999, 1]) {
      clock += passed;
      await outbox.flush();
      triesAfter.push(to.tries());
    }
    await outbox.stop();
    expect([triesAfter, to.sent]).toEqual([[1, 1, 2, 2, 3], ['a']]);
  });

  test('outlives its process', async () => {
    const failing = open([channel(9).channel]);
    failing.add(messageOf('a'));
    await failing.flush();
    await failing.stop();
    clock += 60_000;
    const to = channel();
    await open([to.channel]).flush();
    expect(to.sent).toEqual(['a']);
  });

  test('leaves a channel alone that fails again and again, and gives up what is no news any more', async () => {
    const to = channel(1_000);
    const outbox = open([to.channel]);
    outbox.add(messageOf('a'));
    for (let round = 0; round < 8; round++) {
      clock += 400_000;
      await outbox.flush();
    }
    // The breaker has its own clock: after five failures nothing is tried for a minute.
    expect(to.tries()).toBe(5);
    clock += 86_400_000;
    await outbox.flush();
    expect(outbox.waiting).toBe(0);
    expect(lines.at(-1)).toContain('given up');
  });

  test('gives up at once what will never be taken', async () => {
    const to = channel(9, new DeliveryError('it answers 404', { isFinal: true }));
    const outbox = open([to.channel]);
    outbox.add(messageOf('a'));
    await outbox.flush();
    expect([to.tries(), outbox.waiting]).toEqual([1, 0]);
  });

  test('is bounded: the oldest makes room', async () => {
    const to = channel();
    const outbox = open([to.channel]);
    for (let index = 0; index < MAX_WAITING + 3; index++) outbox.add(messageOf(`m${index}`));
    expect(outbox.waiting).toBe(MAX_WAITING);
    await outbox.flush();
    expect(to.sent[0]).toBe('m3');
  });

  test('remembers a bounded number of those that are told', async () => {
    const to = channel();
    const outbox = open([to.channel]);
    for (let batch = 0; batch < 4; batch++) {
      for (let index = 0; index < 300; index++) outbox.add(messageOf(`m${batch}-${index}`));
      await outbox.flush();
    }
    expect(to.sent).toHaveLength(1_200);
    expect(db.prepare('SELECT count(*) AS n FROM outbox').get()).toEqual({ n: 1_000 });
  });
});

describe('a webhook', () => {
  let server: Server;
  let status = 204;
  let got: { id: string | undefined; body: string }[];
  beforeEach(async () => {
    got = [];
    status = 204;
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (part: Buffer) => (body += part.toString()));
      request.on('end', () => {
        got.push({ id: request.headers['idempotency-key'] as string | undefined, body });
        if (status === 0) return;
        response.writeHead(status, { location: 'http://127.0.0.1:1/', 'retry-after': '30' });
        response.end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });
  const webhook = () =>
    channelsOf({
      alertWebhook: `http://user:top-secret@127.0.0.1:${(server.address() as AddressInfo).port}/hook?token=hidden`,
      alertEmail: [],
      smtpUrl: '',
    });

  test('gets the message, with its id', async () => {
    const outbox = open(webhook());
    outbox.add(messageOf('a'));
    await outbox.flush();
    expect(got.map(({ id, body }) => [id, (JSON.parse(body) as AlertMessage).text])).toEqual([['a', 'much']]);
  });

  test.each([302, 500, 0])('that answers %s is asked again, and its secrets are in no line', async (answer) => {
    status = answer;
    const outbox = open(webhook());
    outbox.add(messageOf('a'));
    await outbox.flush();
    await outbox.stop();
    expect([got.length, outbox.waiting]).toEqual([1, 1]);
    expect(lines).toHaveLength(1);
    expect(lines.join()).not.toMatch(/secret|hidden/);
  });

  test('that says when to come again is not asked before', async () => {
    status = 429;
    const outbox = open(webhook());
    outbox.add(messageOf('a'));
    await outbox.flush();
    clock += 29_999;
    await outbox.flush();
    expect(got).toHaveLength(1);
    clock += 1;
    await outbox.flush();
    await outbox.stop();
    expect(got).toHaveLength(2);
  });
});
