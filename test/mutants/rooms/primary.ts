import type { Mutant } from '../mutant.ts';

const at = (file: string, test = file): Pick<Mutant, 'file' | 'test'> => ({
  file: `primary/${file}.ts`,
  test: `engine/primary/${test}.test.ts`,
});
const PLAN = at('fleet-plan');
const BACKOFF = at('backoff');
const PROOF = at('proof');
const RELEASE = at('release');
const FOLDER = at('data-folder');
const SILENCE = at('silence');
const MODE = at('mode');
const MEMORY = at('memory-guard');
const VETO = at('scaler/veto', 'scaler');
const TRIAL = at('scaler/trial', 'trial');
const BEATING = { file: 'beating.ts', test: 'engine/beating.test.ts' };

export const PRIMARY: readonly Mutant[] = [
  { ...PLAN, name: 'all missing workers start at once', text: 'STARTING_AT_ONCE) - starting', to: '1_000) - starting' },
  {
    ...PLAN,
    name: 'new workers start two at a time beside the old ones',
    text: '(renewing ? 1 : STARTING_AT_ONCE)',
    to: 'STARTING_AT_ONCE',
  },
  {
    ...PLAN,
    name: 'a worker that is to go stays, and another goes',
    text: 'Number(a.stays) - Number(b.stays) || ',
    to: '',
  },
  { ...PLAN, name: 'the busiest worker goes', text: 'a.inFlight - b.inFlight', to: 'b.inFlight - a.inFlight' },
  { ...PLAN, name: 'spares of the old generation stay', text: 'return [...old, ...', to: 'return [...' },
  {
    ...PLAN,
    name: 'the worker on trial is drained',
    text: 'serving.filter(({ reserved }) => !reserved)',
    to: 'serving',
  },
  {
    ...BACKOFF,
    name: 'the pause has no end to its doubling',
    text: 'Math.min(longest, firstMs',
    to: 'Math.max(0, firstMs',
  },
  {
    ...BACKOFF,
    name: 'while nobody serves the pause is as long',
    text: 'down ? Math.min(this.pauseMs, this.options.longestDownMs) : this.pauseMs',
    to: 'this.pauseMs',
  },
  {
    ...BACKOFF,
    name: 'a kill from outside counts as a fault',
    text: 'killed ? longestKilledMs : longestMs',
    to: 'longestMs',
  },
  { ...BACKOFF, name: 'no jitter', text: 'JITTER = 0.25', to: 'JITTER = 0' },
  {
    ...BACKOFF,
    name: 'crashes are never forgotten',
    text: 'if (youngestMs >= this.options.goodServiceMs) this.crashes = 0;',
    to: '',
  },
  {
    ...BACKOFF,
    name: 'a good worker is missed for long',
    text: 'Math.min(doubled, servedMs * missedShare)',
    to: 'doubled',
  },
  { ...PROOF, name: 'a new worker is proved without an answer', text: 'PROVEN_BY = 3', to: 'PROVEN_BY = 0' },
  { ...PROOF, name: 'a new worker is proved at once', text: 'PROVEN_MS = 500', to: 'PROVEN_MS = 0' },
  {
    ...PROOF,
    name: 'the self-test of a worker counts as visitors',
    text: 'beat.arrived - before >=',
    to: 'beat.arrived >=',
  },
  {
    ...RELEASE,
    name: 'a link that moved is not followed',
    text: 'const now = realOf(folder);',
    to: 'const now = cwd;',
  },
  {
    ...RELEASE,
    name: 'a program elsewhere is looked for in the release',
    text: "inside.startsWith('..') || isAbsolute(inside) ? program : join(now, inside)",
    to: 'join(now, inside)',
  },
  { ...RELEASE, name: 'a name that leads elsewhere is followed', text: ' && realOf(name) === cwd', to: '' },
  {
    ...FOLDER,
    name: 'a lock of a server that lives is taken over',
    text: 'if (holder !== undefined && lives(holder)) {',
    to: 'if (false) {',
  },
  {
    ...FOLDER,
    name: 'a lock of a dead server is kept',
    text: 'return started === null || startedTicks(pid) === started;',
    to: 'return true;',
  },
  { ...FOLDER, name: 'a lock of another machine counts', text: 'host !== hostname() || ', to: '' },
  {
    ...FOLDER,
    name: 'the lock stays at the end',
    text: 'if (holderOf(file)?.pid === own.pid) rmSync(file, { force: true });',
    to: '',
  },
  { ...SILENCE, name: 'a long unit of work is a block', text: 'UNITS = 12', to: 'UNITS = 0' },
  { ...SILENCE, name: 'a silence is never too long', text: ' || ms > Math.max(floorMs, LONGEST_SILENCE_MS)', to: '' },
  {
    ...SILENCE,
    name: 'the time in which the primary slept counts',
    text: 'Math.min(now - before.tickAt, tickMs * LATE_TICK_WORTH)',
    to: '(now - before.tickAt)',
  },
  { ...SILENCE, name: 'a worker without a core counts as blocked', text: 'ms - withoutCoreMs >', to: 'ms >' },
  {
    ...MODE,
    name: 'a calmer mode is taken at once',
    text: 'now - before.calledForAt < options.calmDownMs',
    to: 'false',
  },
  { ...MODE, name: 'the way back from down takes a second', text: "before.mode !== 'down' &&\n    now", to: 'now' },
  { ...MODE, name: 'a mode is left just under its threshold', text: 'leaveShare: 0.85', to: 'leaveShare: 1' },
  {
    ...MODE,
    name: 'the backlog does not count',
    text: 'if (backlog !== undefined && backlog',
    to: 'if (false && backlog',
  },
  {
    ...MODE,
    name: 'one that refuses of many saturates the server',
    text: 'refusing.length > 0 && refusing.length * 2 >= awake.length',
    to: 'refusing.length > 0',
  },
  {
    ...MODE,
    name: 'one busy beat is a busy server',
    text: '(1 - Math.exp((before.at - now) / ELU_SMOOTH_MS))',
    to: '1',
  },
  {
    ...MEMORY,
    name: 'no hard limit',
    text: 'options.hardBytes > 0 && rssOf(biggest) > options.hardBytes',
    to: 'false',
  },
  {
    ...MEMORY,
    name: 'workers are recycled one upon the other',
    text: ' || now - before.lastGentleAt < options.apartMs',
    to: '',
  },
  {
    ...MEMORY,
    name: 'a site that is large from its start is recycled for ever',
    text: ' && now - (worker.servingAt ?? now) >= leastServiceMs',
    to: '',
  },
  { ...MEMORY, name: 'a small machine ends healthy workers', text: 'Math.max(least, share,', to: 'Math.max(share,' },
  { ...VETO, name: 'no veto at the maximum', text: 'if (target >= max) return', to: 'if (false) return' },
  {
    ...VETO,
    name: 'no veto where the quota is used up',
    text: 'if ((host.throttledShare ?? 0) > options.throttledShare) {',
    to: 'if (false) {',
  },
  { ...VETO, name: 'no veto without an idle core', text: 'if (byCores < 1) {', to: 'if (false) {' },
  {
    ...VETO,
    name: 'a sudden load sees the core that it took',
    text: 'rising += Math.max(0, beat.elu - eluHost);',
    to: '',
  },
  {
    ...VETO,
    name: 'no veto for locks',
    text: 'if (lockShare <= options.lockShare) return undefined;',
    to: 'return undefined;',
  },
  { ...VETO, name: 'no veto for an upstream', text: 'if (fleet.poolQueued > 0 ||', to: 'if (true ||' },
  { ...VETO, name: 'no veto for memory', text: 'if (grown.fit === 0) return', to: 'if (false) return' },
  {
    ...TRIAL,
    name: 'a step that brought nothing is kept',
    text: "rate < trial.before * leastFactor ? 'useless' : 'kept'",
    to: "'kept'",
  },
  { ...TRIAL, name: 'a load that fell makes a step useless', text: 'pressedMs < ms * PRESSED_SHARE', to: 'false' },
  {
    ...TRIAL,
    name: 'a useless step is tried again as soon',
    text: 'Math.min(before.pauseMs * 2, options.uselessMaxMs)',
    to: 'options.uselessMs',
  },
  {
    ...TRIAL,
    name: 'another load is no reason to try again',
    text: ' && served < useless.served * ANOTHER_LOAD',
    to: '',
  },
  {
    ...BEATING,
    name: 'a process never rests',
    text: 'return now() - quietSince >= REST_AFTER_MS;',
    to: 'return false;',
  },
  {
    ...BEATING,
    name: 'a process at work rests',
    text: 'if (busy || known.poolQueued > 0) quietSince = now();',
    to: '',
  },
  {
    ...BEATING,
    name: 'the first visitor does not end the rest',
    text: 'quietSince = now();\n      change(rhythms.awake);\n      beat();',
    to: '',
  },
  {
    ...BEATING,
    name: 'a beat dies of a memory that cannot be read',
    text: 'return last;',
    to: "throw new Error('no file descriptor');",
  },
  {
    ...BEATING,
    name: 'one that stands by beats as one that serves',
    text: 'known.listening ? rhythms.resting : rhythms.standingBy',
    to: 'rhythms.resting',
  },
  {
    ...at('hand-backs'),
    name: 'any number of connections is on its way',
    text: ' || onTheirWay.size >= MAX_ON_THEIR_WAY',
    to: '',
  },
  {
    ...at('hand-backs'),
    name: 'a worker that dies takes a visitor with it',
    text: 'if (to === member) end(id, false);',
    to: 'void (id && to);',
  },
  { ...at('leases'), name: 'any number of leases', text: 'if (leases.size < MAX_LEASES) leases.set', to: 'leases.set' },
  {
    ...at('leases'),
    name: 'a lease has no end',
    text: 'held.owner !== asker && held.until > now',
    to: 'held.owner !== asker',
  },
];
