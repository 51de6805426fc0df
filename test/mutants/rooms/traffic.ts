import type { Mutant } from '../mutant.ts';

const COUNTER = { file: 'traffic/counter.ts', test: 'engine/traffic/counter.test.ts' };
const SAMPLER = { file: 'traffic/sampler.ts', test: 'engine/traffic/counter.test.ts' };
const SKETCH = { file: 'traffic/space-saving.ts', test: 'engine/traffic/sketches.test.ts' };
const COUNTS = { file: 'traffic/counts.ts', test: 'engine/traffic/counter.test.ts' };
const TALLY = { file: 'traffic/tally.ts', test: 'engine/traffic/counter.test.ts' };
const MEMO = { file: 'traffic/memo.ts', test: 'engine/traffic/classify.test.ts' };
const VISITS = { file: 'traffic/visits.ts', test: 'engine/traffic/visits.test.ts' };
const AGENT = { file: 'traffic/agent.ts', test: 'engine/traffic/classify.test.ts' };

/** Who comes, for what. */
export const TRAFFIC: readonly Mutant[] = [
  { ...COUNTER, name: 'every new connection is looked at', text: 'this.newcomers.take(now)', to: 'true' },
  { ...COUNTER, name: 'nobody is told of those not looked at', text: 'this.tally.unseen += 1;', to: '' },
  {
    ...COUNTER,
    name: 'a salt is used for ever',
    text: 'if (day === this.day) return;',
    to: 'if (!Number.isNaN(this.day)) return;',
  },
  { ...SAMPLER, name: 'every request is looked at', text: 'this.stride *= 2;', to: '' },
  {
    ...SKETCH,
    name: 'keys have any length',
    text: 'name.length > MAX_KEY ? name.slice(0, MAX_KEY) : name',
    to: 'name',
  },
  { ...COUNTS, name: 'any number of labels is kept', text: 'this.table.size < this.max - 1 && ', to: '' },
  { ...TALLY, name: 'any number of routes is kept', text: 'this.routes.size < MAX_ROUTES && ', to: '' },
  { ...MEMO, name: 'a memo grows without end', text: 'if (this.table.size >= this.max) this.table.clear();', to: '' },
  { ...MEMO, name: 'keys of any length are remembered', text: 'if (key.length > MAX_KEY) return made;', to: '' },
  { ...VISITS, name: 'every visit is remembered', text: 'this.visits.size >= MAX_VISITS', to: 'false' },
  {
    ...AGENT,
    name: 'any number of user agents is read in a batch',
    text: 'this.reads > this.mostReads ? UNKNOWN : readAgent(userAgent)',
    to: 'readAgent(userAgent)',
  },
];
