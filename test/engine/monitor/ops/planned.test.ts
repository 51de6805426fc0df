import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { readEvents } from '../../../../src/engine/events/file.ts';
import { changeEvents, plannedEvents } from '../../../../src/engine/monitor/ops/planned.ts';
import { actionSchema } from '../../../../src/engine/operator-action.ts';

const NOW = Date.UTC(2026, 11, 1, 12);
const add = (more: object = {}) =>
  actionSchema.parse({ do: 'event-add', name: 'Launch', at: '2026-12-01T20:00+07:00', for: '2h', ...more }) as Extract<
    ReturnType<typeof actionSchema.parse>,
    { do: 'event-add' }
  >;

test('an event of the dashboard is the one of the command: added, listed, removed', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'planned-'));
  const added = changeEvents(add({ pages: ['/drop'], prequeue: '5m' }), dataDir, NOW);
  expect(added).toMatchObject({ ok: true });
  const [planned] = plannedEvents(dataDir, NOW);
  expect(planned!.line).toContain(
    'Launch: 2026-12-01T20:00+07:00 for 2h (in 1h), visitors gather 5m before, pages /drop',
  );
  expect(added.text).toBe(`added: ${planned!.line}`);
  expect(readEvents(dataDir)).toMatchObject([{ pages: ['/drop'], prequeueMs: 300_000 }]);
  expect(changeEvents({ do: 'event-remove', id: planned!.id }, dataDir, NOW).text).toContain('removed: ');
  expect(plannedEvents(dataDir, NOW)).toEqual([]);
});

test('what cannot be is told, and nothing is changed', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'planned-'));
  const { ok, text } = changeEvents(add({ at: 'tomorrow', for: '--dry-run' }), dataDir, NOW);
  expect([ok, text.split('; ').length]).toEqual([false, 2]);
  expect(text).toContain('--at "tomorrow": must be a time with its zone');
  expect(changeEvents({ do: 'event-remove', id: 'none' }, dataDir, NOW).ok).toBe(false);
  expect(readEvents(dataDir)).toEqual([]);
});
