import { expect, test } from '@jest/globals';
import { Errands } from '../../../../src/engine/monitor/ops/errand.ts';
import type { FromMonitor } from '../../../../src/engine/monitor-messages.ts';

type Sent = Extract<FromMonitor, { type: 'action' }>;

test('so many actions are under way at once; one more is told so, and those go on', async () => {
  const sent: Sent[] = [];
  const errands = new Errands((message) => sent.push(message as Sent));
  const results = Array.from({ length: 16 }, () => errands.run({ do: 'reload' }, 'ada'));
  expect(await errands.run({ do: 'reload' }, 'ada')).toMatchObject({
    ok: false,
    text: expect.stringContaining('Too many'),
  });
  expect(sent).toHaveLength(16);
  for (const { id } of sent) errands.ended({ type: 'action-result', id, ok: true, text: 'done' });
  expect(await Promise.all(results)).toEqual(Array.from({ length: 16 }, () => ({ ok: true, text: 'done' })));
  const again = errands.run({ do: 'reload' }, 'ada');
  errands.ended({ type: 'action-result', id: sent[16]!.id, ok: true, text: 'done' });
  expect(await again).toMatchObject({ ok: true });
});

test('an action of which nothing is heard ends, and says so', async () => {
  const errands = new Errands(() => {}, 20);
  expect(await errands.run({ do: 'reload' }, 'ada')).toEqual({
    ok: false,
    text: 'Nothing was heard of it within 0.02 s; see the log.',
  });
});
