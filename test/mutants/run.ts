/**
 * `npm run test:mutants`: do the tests hold the core rooms? Puts one fault at a time into a copy of the source. With words
 * behind `--` only those mutants that have one of them in their file or name. Exit code 1: a mutant survived.
 */
import { MUTANTS } from './list.ts';
import type { Mutant } from './mutant.ts';
import { Workshop } from './workshop.ts';

/** Copies, and so processes of jest, at a time. */
const WORKSHOPS = 2;
/** The whole run takes no longer than this, ms. */
const LONGEST_MS = 3_600_000;
/** A test file, without a mutant, ms. */
const LONGEST_TEST_MS = 300_000;
/** With a mutant it may take so many times what it takes without, but this at least, ms: a loop without end is a fault that was seen. */
const TIMES_SLOWER = 4;
const LEAST_MS = 60_000;

const words = process.argv.slice(2);
const chosen = MUTANTS.filter(
  ({ name, file }) => words.length === 0 || words.some((word) => `${file}: ${name}`.includes(word)),
);
if (chosen.length === 0) {
  console.error(`no mutant has "${words.join('" or "')}" in its file or name; see test/mutants/rooms`);
  process.exit(1);
}

const until = performance.now() + LONGEST_MS;
const workshops = Array.from({ length: WORKSHOPS }, () => new Workshop());
const close = (): void => {
  for (const workshop of workshops) workshop.close();
};
process.once('exit', close);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

/** Gives each workshop the next of what is to be done, as long as there is some. */
async function share<T>(all: readonly T[], work: (workshop: Workshop, one: T) => Promise<void>): Promise<void> {
  const left = [...all];
  const labour = async (workshop: Workshop): Promise<void> => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) {
      if (performance.now() > until) throw new Error(`not done within ${LONGEST_MS / 60_000} minutes`);
      await work(workshop, one);
    }
  };
  await Promise.all(workshops.map(labour));
}

const bad: string[] = [];
const note = (words: string): void => {
  bad.push(words);
  console.log(words);
};

// A test that fails without a mutant would kill them all.
const tookMs = new Map<string, number>();
await share([...new Set(chosen.map(({ test }) => test))], async (workshop, test) => {
  const from = performance.now();
  const { is, words } = await workshop.run(test, LONGEST_TEST_MS);
  tookMs.set(test, performance.now() - from);
  if (is !== 'passed') note(`FAILS WITHOUT A MUTANT  ${test}: ${is} ${words}`);
});
if (bad.length > 0) process.exit(1);

let killed = 0;
await share(chosen, async (workshop, mutant: Mutant) => {
  const longestMs = Math.ceil(Math.max(LEAST_MS, TIMES_SLOWER * tookMs.get(mutant.test)!));
  const { is, words } = await workshop.try(mutant, longestMs);
  const where = `${mutant.file}: ${mutant.name}`;
  if (is === 'passed') note(`SURVIVED  ${where} (${mutant.test})`);
  else if (is === 'broken') note(`NO MUTANT  ${where}: ${words}`);
  else {
    killed += 1;
    console.log(`killed    ${where} (${words})`);
  }
});
console.log(`\n${killed} of ${chosen.length} mutants killed`);
if (bad.length > 0) console.log(`${bad.length} not:\n${bad.map((line) => `  ${line}`).join('\n')}`);
process.exit(bad.length === 0 ? 0 : 1);
