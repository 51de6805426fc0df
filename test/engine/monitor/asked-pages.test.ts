import { expect, test } from '@jest/globals';
import type { PlannedEvent } from '../../../src/engine/events/event.ts';
import { createAskedPages } from '../../../src/engine/monitor/asked-pages.ts';
import { fromMonitorSchema, MAX_ASKED } from '../../../src/engine/monitor-messages.ts';

const START = Date.UTC(2026, 11, 1, 13);
const event: PlannedEvent = {
  id: 'a1',
  name: 'Launch',
  startAt: START,
  forMs: 60_000,
  pages: [],
  prequeueMs: 0,
  dryRun: false,
  at: '',
};

function asked(names: readonly string[]) {
  const sent: string[][] = [];
  const page = names.map((name) => ({ name, requests: 1, share: 0, error: 0 }));
  const look = createAskedPages({
    events: () => [event],
    report: () => ({ paths: { page, asset: [], api: [] } }),
    send: (paths) => sent.push(paths),
  });
  return { look, sent };
}

test('only before an event it is told what people ask for most, in this order, once a minute', () => {
  const { look, sent } = asked(['/', '/posts', '(others)']);
  look(START - 3_600_000);
  expect(sent).toEqual([]);
  look(START - 300_000);
  look(START - 299_000);
  expect(sent).toEqual([['/', '/posts']]);
  look(START - 240_000);
  expect(sent).toHaveLength(2);
  look(START + 120_000);
  expect(sent).toHaveLength(2);
});

test('no more are told than may be', () => {
  const { look, sent } = asked(Array.from({ length: MAX_ASKED + 20 }, (_, n) => `/${n}`));
  look(START - 300_000);
  expect(sent[0]).toHaveLength(MAX_ASKED);
  fromMonitorSchema.parse({ type: 'asked', paths: sent[0] });
});
