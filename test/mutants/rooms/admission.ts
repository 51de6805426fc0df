import type { Mutant } from '../mutant.ts';

const GATE = { file: 'admission/gate.ts', test: 'engine/admission/gate.test.ts' };
const CODEL = { file: 'admission/codel.ts', test: 'engine/admission/codel.test.ts' };
const DISPATCHER = { file: 'admission/dispatcher.ts', test: 'engine/admission/dispatcher.test.ts' };
const SHARES = { file: 'admission/share-queue.ts', test: 'engine/admission/share-queue.test.ts' };
const LANES = { file: 'admission/lanes.ts', test: 'engine/admission/lanes.test.ts' };
const LIMIT = { file: 'admission/adaptive-limit.ts', test: 'engine/admission/adaptive-limit.test.ts' };

const COSTS = { file: 'admission/route-costs.ts', test: 'engine/admission/route-costs.test.ts' };
const WORK = { file: 'admission/route-work.ts', test: 'engine/admission/route-costs.test.ts' };

export const ADMISSION: readonly Mutant[] = [
  { ...COSTS, name: 'routes without bound are kept for the next start', text: '.slice(0, MAX_KEPT)', to: '' },
  { ...COSTS, name: 'names of any length are kept', text: '|| name.length > MAX_NAME', to: '' },
  { ...WORK, name: 'a first request is kept for the next start', text: 'LEAST_LEARNED = 5', to: 'LEAST_LEARNED = 1' },
  { ...WORK, name: 'an old median outlives the first request', text: 'this.runs === 1 || ', to: '' },
  {
    ...GATE,
    name: 'the gate refuses one that is alone and dearer than its deadline',
    text: 'if (waitMs > 0 && waitMs + needMs > remainingMs)',
    to: 'if (waitMs + needMs > remainingMs)',
  },
  {
    ...GATE,
    name: 'the gate forgets what the request itself takes',
    text: 'waitMs + needMs > remainingMs',
    to: 'waitMs > remainingMs',
  },
  { ...GATE, name: 'no bound of the gate', text: 'aheadMs > boundMs', to: 'false' },
  { ...GATE, name: 'in calm the queue is as short as in a surge', text: 'CALM_UNITS = 12', to: 'CALM_UNITS = 4' },
  { ...GATE, name: 'in a surge the queue is as long as in calm', text: 'SURGE_UNITS = 4', to: 'SURGE_UNITS = 12' },
  { ...GATE, name: 'the whole of the time may be spent waiting', text: 'SHARE_OF_TIME = 0.5', to: 'SHARE_OF_TIME = 1' },
  {
    ...GATE,
    name: 'a slow start refuses in quiet times, too',
    text: '* (1 - (1 - share) * surge)',
    to: '* share',
  },
  { ...CODEL, name: 'CoDel never drops', text: 'this.dropping = true;', to: 'return false;' },
  {
    ...CODEL,
    name: 'CoDel does not drop faster with time',
    text: 'this.dropNextAt += intervalMs / Math.sqrt(this.count);',
    to: 'this.dropNextAt += intervalMs;',
  },
  {
    ...CODEL,
    name: 'CoDel begins anew when the queue stands again soon',
    text: 'now - this.dropNextAt < 16 * intervalMs ? delta : 1',
    to: 'now - this.dropNextAt < 16 * intervalMs ? 1 : 1',
  },
  {
    ...CODEL,
    name: 'the interval of CoDel is shorter than its target',
    text: 'Math.max(INTERVAL_MS, targetMs)',
    to: 'INTERVAL_MS',
  },
  {
    ...CODEL,
    name: 'CoDel remembers a burst though the queue was empty since',
    text: 'if (wasEmpty) this.firstAboveAt = undefined;',
    to: '',
  },
  {
    ...DISPATCHER,
    name: 'arriving visitors may hold the loop for ever',
    text: 'if (this.arrived && this.turns < MAX_TURNS && now - this.waitSince < patienceMs)',
    to: 'if (this.arrived)',
  },
  {
    ...DISPATCHER,
    name: 'a job runs before the visitors that arrive',
    text: 'if (this.arrived && this.turns',
    to: 'if (false && this.turns',
  },
  {
    ...DISPATCHER,
    name: 'what is past its deadline is run',
    text: "if (job.deadlineAt <= now) return 'expired';",
    to: '',
  },
  { ...DISPATCHER, name: 'nobody that waits is told of a shorter bound', text: 'MAX_SHED = 2', to: 'MAX_SHED = 0' },
  {
    ...DISPATCHER,
    test: 'engine/request/direct.test.ts',
    name: 'streams that begin have no bound',
    text: 'if (this.streams >= this.options.maxStreams) return false;',
    to: '',
  },
  {
    ...DISPATCHER,
    name: 'requests without a deadline have no bound',
    text: "if (remainingMs === Number.POSITIVE_INFINITY && this.streams >= maxStreams) return 'streams';",
    to: '',
  },
  {
    ...DISPATCHER,
    name: 'who leaves the queue keeps the place that he was to take',
    text: 'if (this.queue.remove(job)) this.freePlaceOf(job);',
    to: 'this.queue.remove(job);',
  },
  {
    ...DISPATCHER,
    name: 'the end of a job frees its place for nobody',
    text: "outcome === 'dropped');\n    this.resumeParked(work);",
    to: "outcome === 'dropped');",
  },
  {
    ...DISPATCHER,
    name: 'who waits for a place is never told that none came',
    text: 'PARKED_OVER_BOUND = 1.5',
    to: 'PARKED_OVER_BOUND = 1_500',
  },
  {
    ...DISPATCHER,
    name: 'a job pays for the visitors that arrive',
    text: 'now - startedAt - (this.arrivalMs - arrivalMs)',
    to: 'now - startedAt',
  },
  {
    ...DISPATCHER,
    name: 'CoDel turns away what the gate let in',
    text: 'CODEL_OVER_BOUND = 1.5',
    to: 'CODEL_OVER_BOUND = 0.1',
  },
  {
    ...DISPATCHER,
    name: 'a dry run refuses',
    text: 'if (!this.dryRun) return why;',
    to: 'return why;',
  },
  { ...SHARES, name: 'critical work has no more than normal', text: 'critical: 8', to: 'critical: 4' },
  {
    ...SHARES,
    name: 'a line saves up while it is empty',
    text: 'line.startTag = Math.max(line.startTag, this.virtualNow);',
    to: 'line.startTag += 0;',
  },
  {
    ...SHARES,
    name: 'a line without room saves up for ever',
    text: 'if (this.virtualNow > before) this.forgetLag(this.virtualNow - before);',
    to: '',
  },
  {
    ...SHARES,
    name: 'what is foretold counts all the work of the others',
    text: 'sum += Math.min(line.workMs, (ownMs * line.weight) / own.weight);',
    to: 'sum += line.workMs;',
  },
  {
    ...SHARES,
    name: 'a job that leaves leaves its work behind',
    text: 'line.count(job, -1);',
    to: '',
  },
  {
    ...LANES,
    name: 'one name of task may take all threads',
    text: 'this.namePlaces = Math.max(1, threads - 1);',
    to: 'this.namePlaces = threads;',
  },
  {
    ...LANES,
    name: 'slow tasks may take all threads',
    text: 'new Lane(Math.max(1, threads - 1), ',
    to: 'new Lane(threads, ',
  },
  {
    ...LANES,
    name: 'a task waits however long it must',
    text: "if (waitMs > entry.boundMs) return { task, why: 'wait', waitMs };",
    to: '',
  },
  { ...LANES, name: 'any number of tasks waits', text: 'this.waiting.size < this.maxQueue', to: 'true' },
  {
    ...LANES,
    name: 'a lane saves up turns that it could not use',
    text: 'if (other !== undefined) first.tag = Math.max(first.tag, second.startedTag);',
    to: '',
  },
  { ...LANES, name: 'a task takes the place of its equals', text: 'rank(priority) + 1;', to: 'rank(priority);' },
  { ...LANES, name: 'a hung task is not seen', text: 'HUNG_MS = 1_000', to: 'HUNG_MS = 1_000_000' },
  {
    ...LANES,
    name: 'a task that is past its deadline is started',
    text: "if (task.deadlineAt <= now) return { task, turn: 'expired' };",
    to: '',
  },
  {
    ...LIMIT,
    name: 'the limit learns from few in flight',
    text: 'if (inFlight < FULL * this.limit && !dropping) return;',
    to: '',
  },
  {
    ...LIMIT,
    name: 'a failure does not lower the limit',
    text: 'this.current = this.min;',
    to: '',
  },
  {
    ...LIMIT,
    name: 'after a failure the limit begins at its least',
    text: 'BACK * workedOn * share',
    to: 'this.min',
  },
  {
    ...LIMIT,
    name: 'the limit passes its maximum',
    text: 'Math.min(this.max, Math.max(this.min, limit))',
    to: 'Math.max(this.min, limit)',
  },
  {
    ...LIMIT,
    name: 'errors far from the limit are a failure',
    text: '(this.isForWantOfRoom(sample) ? 1 : 0)',
    to: '1',
  },
  { ...LIMIT, name: 'what brought nothing is tried as often as before', text: '2 * this.waitMs', to: 'this.waitMs' },
  { ...LIMIT, name: 'a constant latency lowers the limit', text: 'ELASTICITY = 0.4', to: 'ELASTICITY = 4' },
];
