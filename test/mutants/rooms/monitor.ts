import type { Mutant } from '../mutant.ts';

const OPS = 'engine/monitor/ops/api.test.ts';
const SHARED = { file: 'monitor/ops/shared-answers.ts', test: OPS };
const STREAMS = { file: 'monitor/ops/streams.ts', test: OPS };
const QUERY = { file: 'monitor/ops/query.ts', test: OPS };
const ERRAND = { file: 'monitor/ops/errand.ts', test: 'engine/monitor/ops/errand.test.ts' };
const ACCESS = { file: 'monitor/ops/access.ts', test: 'engine/monitor/ops/access.test.ts' };
const HISTORY = { file: 'monitor/history.ts', test: 'engine/monitor/history.test.ts' };
const FILES = { file: 'monitor/incidents/incident-files.ts', test: 'engine/monitor/incidents/incidents.test.ts' };
const INCIDENT = { file: 'monitor/incidents/incident.ts', test: 'engine/monitor/incidents/incidents.test.ts' };
const OUTBOX = { file: 'monitor/messages/outbox-store.ts', test: 'engine/monitor/messages/outbox.test.ts' };
const SHAPES = { file: 'monitor/messages/shapes.ts', test: 'engine/monitor/messages/shapes.test.ts' };
const STORE = { file: 'monitor/history-store.ts', test: 'engine/monitor/history.test.ts' };
const ALERTS = { file: 'alerts/file.ts', test: 'engine/alerts/file.test.ts' };

/** What the operator sees and is told. */
export const MONITOR: readonly Mutant[] = [
  { ...SHARED, name: 'any number of answers is kept', text: 'this.kept.size > MAX_SHARED', to: 'false' },
  { ...STREAMS, name: 'any number of dashboards is open', text: 'this.open.size >= this.max', to: 'false' },
  {
    ...STREAMS,
    name: 'a dashboard that does not read is kept',
    text: 'response.writableLength > MAX_BEHIND',
    to: 'false',
  },
  { ...QUERY, name: 'a body of any size is read', text: 'bytes > MAX_BODY', to: 'false' },
  { ...ERRAND, name: 'any number of actions is under way', text: 'this.open.size >= MAX_OPEN', to: 'false' },
  { ...ACCESS, name: 'a page elsewhere may act', text: 'if (isForeign(headers)) return', to: 'if (false) return' },
  { ...HISTORY, name: 'every second is kept in memory', text: 'this.recent.length > MAX_SAMPLES || ', to: '' },
  {
    ...HISTORY,
    name: 'any number of points is drawn',
    text: 'Math.min(MAX_POINTS, Math.floor(points))',
    to: 'Math.floor(points)',
  },
  { ...FILES, name: 'every report is kept', text: 'index < MAX_INCIDENTS && ', to: '' },
  { ...FILES, name: 'reports may fill the disk', text: '(bytes <= MAX_BYTES || index === 0)', to: 'true' },
  {
    ...INCIDENT,
    name: 'an incident has any number of names',
    text: 'sums.size < MAX_NAMES || sums.has(name)',
    to: 'true',
  },
  { ...OUTBOX, name: 'any number of messages waits', text: 'this.trim.run(MAX_WAITING).changes', to: '0' },
  { ...OUTBOX, name: 'messages that are sent are kept for ever', text: 'this.forget.run(MAX_DONE);', to: '' },
  { ...SHAPES, name: 'a message has any length', text: '.slice(0, MAX_TEXT)', to: '' },
  { ...STORE, name: 'events are kept for ever', text: 'this.deleteEvents.run(MAX_EVENTS);', to: '' },
  { ...ALERTS, name: 'a file of rules has any size', text: 'text.length > MAX_BYTES', to: 'false' },
];
