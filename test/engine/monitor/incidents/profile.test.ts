import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { NO_ALERT_SETTINGS } from '../../../../src/engine/alerts/file.ts';
import type { Downward } from '../../../../src/engine/beats.ts';
import { createMonitor } from '../../../../src/engine/monitor/monitor.ts';
import { openTrafficDb } from '../../../../src/engine/monitor/traffic-db.ts';
import { type FromMonitor, fromMonitorSchema } from '../../../../src/engine/monitor-messages.ts';
import { createActions } from '../../../../src/engine/primary/actions.ts';
import { NOTHING_HELD } from '../../../../src/engine/primary/controls.ts';
import type { Fleet } from '../../../../src/engine/primary/fleet.ts';
import { sampleOf } from '../../alerts/sample.ts';
import { serving } from '../../primary/views.ts';
import { monitorConfig } from '../config.ts';

test.each([
  [true, 1],
  [false, 0],
])('with TAHAN_INCIDENT_PROFILE %s, an incident asks for %d CPU profiles', (incidentProfile, profiles) => {
  const folder = mkdtempSync(join(tmpdir(), 'tahan-incident-'));
  const db = openTrafficDb(folder, () => {});
  try {
    const sent: FromMonitor[] = [];
    const monitor = createMonitor({
      db,
      config: monitorConfig(folder, { incidentProfile }),
      alertSettings: NO_ALERT_SETTINGS,
      log: { info: () => {}, warn: () => {}, error: () => {} },
      send: (message) => sent.push(message),
    });
    const now = Date.now();
    for (let second = 0; second < 10; second++)
      monitor.take({ type: 'sample', sample: sampleOf(now + second * 1_000, {}, { mode: 'saturated' }) });
    const asked = sent.filter(({ type }) => type === 'profile-incident');
    expect(asked).toHaveLength(profiles);
    for (const message of asked) expect(fromMonitorSchema.safeParse(message).success).toBe(true);
  } finally {
    db.close();
    rmSync(folder, { recursive: true });
  }
});

test('it is the busiest worker that is profiled, into the folder of the reports', () => {
  const sent: [string, Downward][] = [];
  const told: string[] = [];
  const members = new Map(
    [serving('worker-1', 0, { elu: 0.2 }), serving('worker-2', 0, { elu: 0.9 })].map((member, id) => [id, member]),
  );
  const fleet = {
    members,
    send: ({ name }: { name: string }, message: Downward) => sent.push([name, message]),
  } as unknown as Fleet;
  const actions = createActions({
    fleet,
    cores: 2,
    dataDir: () => '/data',
    held: () => NOTHING_HELD,
    hold: () => {},
    reload: () => {},
    tell: (text) => told.push(text),
  });
  actions.profileIncident('2026-11-28T112735Z');
  const file = '/data/incidents/2026-11-28T112735Z.cpuprofile';
  expect(sent).toEqual([['worker-2', { type: 'profile', id: expect.any(String), seconds: 10, file }]]);
  const { id } = sent[0]![1] as { id: string };
  actions.errandDone({ type: 'errand-done', id, ok: true, text: 'The CPU profile can be downloaded.' });
  members.clear();
  actions.profileIncident('2026-11-28T112735Z');
  expect(told).toEqual([
    '2026-11-28T112735Z.cpuprofile of worker-2: The CPU profile can be downloaded.',
    'No CPU profile of incident 2026-11-28T112735Z: no worker serves.',
  ]);
});
