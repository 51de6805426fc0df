import type { Comparison } from '../compare.ts';
import { type StressReport, wasDisturbed } from '../result.ts';
import { breaksFirst, safeTo } from './findings.ts';

/** The end of a run, for the person at the terminal. */
export function summary(report: StressReport, comparison: Comparison | undefined): string {
  const { scenarios, capacity, partial, passed, seconds } = report;
  const count = (status: string): number => scenarios.filter((one) => one.status === status).length;
  const parts = (['passed', 'failed', 'void', 'skipped'] as const)
    .filter((status) => count(status) > 0)
    .map((status) => `${count(status)} ${status}`);
  const named = (of: string): string =>
    scenarios.flatMap(({ status, name }) => (status === of ? [name] : [])).join(', ');
  const verdict = wasDisturbed(report)
    ? `VOID, neither passed nor failed: ${named('void')}; the machine was too busy with other work to judge`
    : `FAILED: ${named('failed') || 'nothing was run'}`;
  const first = breaksFirst(report);
  const lines = [
    '',
    `${parts.join(', ') || 'nothing was run'} in ${(seconds / 60).toFixed(1)} min`,
    ...capacity.routes.map(
      ({ name, perSecond, costMs, atLeast }) =>
        `  ${name.padEnd(12)} ${atLeast ? 'at least ' : ''}${perSecond.toFixed(0)} a second${costMs.length === 0 ? '' : `, ${costMs[0]!.toFixed(2)} ms of CPU each`}`,
    ),
    ...(capacity.mixPerSecond === undefined ? [] : [`  ${safeTo(report)}`]),
    ...(first === undefined ? [] : [`  ${first}`]),
    ...(comparison === undefined ? [] : [`compared: ${comparison.text}`]),
    partial ? 'INTERRUPTED' : passed ? 'PASSED' : verdict,
    '',
  ];
  return lines.join('\n');
}
