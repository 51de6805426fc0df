import type { Severity } from '../monitor-sample.ts';
import type { Limits, Rule, Signal } from './rule.ts';
import * as signals from './signals.ts';

/** Every alert of Tahan. Shares are percent, rates per second, times seconds. */
// biome-ignore format: a table is read by its columns
export const RULES: readonly Rule[] = [
  // name            signal                for  clear severity    limits
  rule('surge', signals.surge, 20, 60, 'critical', { warn: 200, critical: 400, floor: 2, z: 6, warmUp: 300 },
    'Far more visitors than just before. See who and where to; publish less at once, or prepare the page.'),
  rule('drop', signals.drop, 60, 120, 'warn', { percent: 80, floor: 2, warmUp: 1_200 },
    'Far fewer visitors than in the last hour: look at DNS, the network, the proxy in front.'),
  rule('errors_fast', signals.burn('failed', 3_600, 300), 30, 120, 'critical', { burn: 14.4, budget: 0.1, least: 60 },
    'Errors use up a month of the error budget in two days: look at the last release and its log.'),
  rule('errors_slow', signals.burn('failed', 21_600, 1_800), 60, 600, 'warn', { burn: 6, budget: 0.1, least: 60 },
    'Errors go on for hours, at a rate that uses up the error budget in five days.'),
  rule('refused_fast', signals.burn('refused', 3_600, 300), 30, 120, 'warn', { burn: 14.4, budget: 1, least: 60 },
    'Many visitors are asked to wait: see what limits the server.'),
  rule('refused_slow', signals.burn('refused', 21_600, 1_800), 60, 600, 'warn', { burn: 6, budget: 1, least: 60 },
    'Visitors have been asked to wait for hours: the server is too small for what comes, or a page too dear.'),
  rule('last_good', signals.burn('last_good', 3_600, 300), 60, 300, 'warn', { burn: 14.4, budget: 2, least: 60 },
    'Many visitors get an older copy: pages cannot be rendered in time.'),
  rule('saturated', signals.saturated, 30, 30, 'warn', {},
    'More comes than can be done: who comes is asked to wait, or gets the last good page.'),
  rule('down', signals.down, 5, 10, 'critical', {},
    'No worker answers; the lifeboat gives last good pages.'),
  rule('lifeboat', signals.lifeboat, 1, 30, 'warn', {},
    'Every worker is blocked, dying or dead: look for work that blocks the event loop.'),
  rule('crash_loop', signals.crashLoop, 0, 60, 'critical', {},
    'Workers die one after the other: reload the version before, and look at their last words.'),
  rule('failed_fork', signals.failedFork, 0, 300, 'critical', {},
    'The system gives no process: look at memory, the limit of processes, open files.'),
  rule('memory', signals.memory, 30, 60, 'critical', { warn: 10, critical: 5 },
    'Hardly any memory is left: fewer workers, a smaller cache, or find the leak.'),
  rule('disk', signals.disk, 30, 60, 'critical', { warn: 10, critical: 3 },
    'Hardly any room on the disk of the data folder: pages and the site cannot be written soon.'),
  rule('cache_collapse', signals.cacheCollapse, 60, 120, 'warn', { percent: 50, from: 50, least: 100 },
    'The page cache answers far less than before: a purge of everything, a new query parameter, a bot with random addresses?'),
  rule('at_max', signals.atMax, 60, 60, 'warn', {},
    'More workers are called for and none can be had: the cause is named.'),
  rule('feature_down', signals.featureDown, 10, 30, 'warn', {},
    'A part of the site does not work; the rest goes on.'),
  rule('sign_in_attack', signals.signInAttack, 30, 300, 'warn', { least: 60, within: 300 },
    'Very many sign-ins fail: somebody tries passwords. Look at the networks they come from.'),
  rule('stress_fall', signals.stressFall, 0, 0, 'warn', {},
    'The server can take less than it could: compare the last release with the one before by npm run stress.'),
];

function rule(
  name: string,
  signal: Signal,
  forSeconds: number,
  clear: number,
  severity: Severity,
  limits: Limits,
  sentence: string,
): Rule {
  return { name, signal, for: forSeconds, clear, severity, limits, sentence };
}
