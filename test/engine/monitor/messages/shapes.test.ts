import { describe, expect, test } from '@jest/globals';
import type { AlertMessage } from '../../../../src/engine/monitor/messages/message.ts';
import { parseWebhook, SHAPE_OF } from '../../../../src/engine/monitor/messages/shapes.ts';

const MESSAGE: AlertMessage = {
  id: 'surge-1-critical',
  alert: 'surge',
  state: 'firing',
  severity: 'critical',
  at: 1_800_000_060_000,
  firedAt: 1_800_000_000_000,
  text: '+380 % <b> & more @everyone',
  sentence: 'Far more visitors.',
  value: 380,
  site: 'Tahan – é',
  url: 'https://example.org',
};
const bodyOf = (shape: keyof typeof SHAPE_OF, message = MESSAGE): Record<string, unknown> =>
  JSON.parse(SHAPE_OF[shape](message).body) as Record<string, unknown>;

describe('the shapes of a message', () => {
  test('JSON has all of it', () => expect(bodyOf('json')).toEqual(MESSAGE));
  test('Slack gets its marks escaped', () => expect(bodyOf('slack').text).toContain('&lt;b&gt; &amp; more'));
  test('Discord calls nobody', () => expect(bodyOf('discord').allowed_mentions).toEqual({ parse: [] }));
  test('Telegram gets plain text', () =>
    expect(bodyOf('telegram')).toMatchObject({ text: expect.stringContaining('[critical] surge') }));
  test('a text is cut where the chats would refuse it', () =>
    expect((bodyOf('discord', { ...MESSAGE, sentence: 'x'.repeat(5_000) }).content as string).length).toBeLessThan(
      2_000,
    ));
  test('ntfy gets headers that HTTP allows', () => {
    const { headers, body } = SHAPE_OF.ntfy(MESSAGE);
    expect([headers.title, headers.priority]).toEqual(['Tahan ? ?: surge firing', 'urgent']);
    expect(body).toContain('+380 %');
  });
  test('Alertmanager gets the end of what is over, under the same labels', () => {
    const [firing] = bodyOf('alertmanager') as unknown as { labels: object; startsAt: string; endsAt?: string }[];
    const [over] = bodyOf('alertmanager', { ...MESSAGE, state: 'resolved' }) as unknown as (typeof firing)[];
    expect([firing!.endsAt, over!.endsAt]).toEqual([undefined, new Date(MESSAGE.at).toISOString()]);
    expect([over!.labels, over!.startsAt]).toEqual([firing!.labels, firing!.startsAt]);
  });
});

test.each([
  ['https://example.org/hook', 'json'],
  ['slack+https://hooks.example/T/B', 'slack'],
  ['irc+https://x', undefined],
  ['ftp://x', undefined],
])('%s is read as %s', (text, shape) => expect(parseWebhook(text)?.shape).toBe(shape));
