import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { channelsOf } from '../../../../src/engine/monitor/messages/channels.ts';
import { testMessage, tryChannels } from '../../../../src/engine/monitor/messages/try-channels.ts';

let server: Server;
let mails: string[];
/** Answer to DATA's end. */
let verdict: string;
beforeEach(async () => {
  mails = [];
  verdict = '250 taken';
  server = createServer((socket) => {
    let isData = false;
    let text = '';
    const say = (line: string): void => void socket.write(`${line}\r\n`);
    say('220 mail.example');
    socket.on('error', () => {}); // the client is gone: the test is over
    socket.on('data', (bytes) => {
      text += bytes.toString();
      for (;;) {
        const end = text.indexOf(isData ? '\r\n.\r\n' : '\r\n');
        if (end === -1) return;
        const line = text.slice(0, end);
        text = text.slice(end + (isData ? 5 : 2));
        if (isData) {
          isData = false;
          mails.push(line);
          say(verdict);
        } else if (line === 'DATA') {
          isData = true;
          say('354 go on');
        } else say(line.startsWith('EHLO') ? '250 mail.example' : line === 'QUIT' ? '221 bye' : '250 ok');
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => void server.close());

const channels = () =>
  channelsOf({
    alertWebhook: '',
    alertEmail: ['ops@example.org', 'night@example.org'],
    smtpUrl: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`,
  });

test('a mail reaches everybody, and says what is so', async () => {
  expect(await tryChannels(channels(), testMessage('Tahan', 'https://example.org', 1))).toEqual([
    { channel: 'e-mail', problem: undefined },
  ]);
  expect(mails).toHaveLength(1);
  expect(mails[0]).toMatch(/To: ops@example.org, night@example.org/);
  expect(mails[0]).toMatch(/Subject: Tahan: \[info\] test: this is a test/);
  expect(mails[0]).toMatch(/Message-ID: <test-1@tahan/);
});

test('a mail that is not taken is a problem, in words without the account', async () => {
  verdict = '451 later';
  const [tried] = await tryChannels(channels(), testMessage('Tahan', '', 1));
  expect(tried!.problem).toBe('the mail server did not take it (451)');
});
