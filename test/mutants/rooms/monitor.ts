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
const TAIL = { file: 'tail/tail.ts', test: 'engine/tail/tail.test.ts' };
const FAIR = { file: 'tail/fair-share.ts', test: TAIL.test };
const ENTRY = { file: 'tail/entry-of.ts', test: TAIL.test };
const SHARE = { file: 'primary/tail-share.ts', test: TAIL.test };
const TAIL_WATCH = { file: 'monitor/ops/tail-watch.ts', test: 'engine/monitor/ops/tail.test.ts' };
const PROFILE = { file: 'worker/profile.ts', test: 'engine/worker/profile.test.ts' };
const FLAME = { file: 'monitor/ops/page/flame-tree.ts', test: 'engine/monitor/ops/flame-tree.test.ts' };
const VIEW = { file: 'monitor/ops/view-choices.ts', test: 'engine/monitor/ops/view.test.ts' };

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
  { ...TAIL, name: 'any number of watched requests is kept', text: 'this.kept.length >= MAX_BATCH', to: 'false' },
  { ...TAIL, name: 'a tail is open for ever', text: '      this.open = false;', to: '' },
  { ...FAIR, name: 'a tail tells any number a second', text: 'if (this.left < 1) return false;', to: '' },
  {
    ...FAIR,
    name: 'what comes most is all that a tail tells',
    text: 'if (now < (this.due.get(kind) ?? 0)) return false;',
    to: '',
  },
  { ...FAIR, name: 'any number of kinds is remembered', text: 'this.due.size > MAX_KINDS', to: 'false' },
  { ...ENTRY, name: 'a query is told with its values', text: '=…`', to: '=` + part' },
  { ...ENTRY, name: 'a query is told with all its names', text: 'names.slice(0, MAX_NAMES)', to: 'names' },
  { ...ENTRY, name: 'words of a step have any length', text: 'text.slice(0, MAX_WORDS)', to: 'text' },
  {
    ...SHARE,
    name: 'each of many workers tells as much as one',
    text: 'OF_ALL_PER_SECOND / Math.max(1, serving)',
    to: 'MAX_PER_SECOND',
  },
  {
    ...TAIL_WATCH,
    name: 'workers go on when nobody watches',
    text: "this.send({ type: 'tail', forMs: 0 });",
    to: '',
  },
  { ...PROFILE, name: 'a CPU profile has any size', text: 'text.length > maxText', to: 'false' },
  {
    ...PROFILE,
    name: 'every CPU profile is kept',
    text: 'old.slice(0, Math.max(0, old.length - MAX_PROFILES + 1))',
    to: 'old.slice(0, 0)',
  },
  { ...FLAME, name: 'a flame graph has any number of boxes', text: 'boxes.length < MAX_BOXES', to: 'true' },
  {
    ...FLAME,
    name: 'a flame graph is as deep as the stack',
    text: 'box.depth + 1 >= MAX_DEPTH + path.length - 1',
    to: 'false',
  },
  { ...VIEW, name: 'any number of panels is kept', text: '.max(MAX_PANELS)', to: '' },
  { ...ALERTS, name: 'a file of rules has any size', text: 'text.length > MAX_BYTES', to: 'false' },
];
