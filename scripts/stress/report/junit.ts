import type { ScenarioResult, StressReport } from '../result.ts';
import { escapeHtml } from './escape.ts';

/** The verdicts as JUnit XML: a suite for each scenario, a case for each threshold. */
export function junitReport({ scenarios, seconds }: StressReport): string {
  const suites = scenarios.map(suite);
  const failures = scenarios.reduce((sum, one) => sum + failuresOf(one), 0);
  const tests = scenarios.reduce((sum, one) => sum + Math.max(1, one.thresholds.length), 0);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="tahan stress" tests="${tests}" failures="${failures}" time="${seconds.toFixed(1)}">\n${suites.join('')}</testsuites>\n`;
}

const failuresOf = ({ status, thresholds }: ScenarioResult): number =>
  status === 'void' ? Math.max(1, thresholds.length) : thresholds.filter(({ passed }) => !passed).length;

function suite(scenario: ScenarioResult): string {
  const { name, title, status, reason, thresholds, seconds } = scenario;
  const inner = (verdict: (typeof thresholds)[number] | undefined): string => {
    if (status === 'skipped') return `<skipped message="${escapeHtml(reason ?? '')}"/>`;
    if (status === 'void') return `<failure message="void: ${escapeHtml(reason ?? '')}"/>`;
    if (verdict === undefined || verdict.passed) return '';
    const measured = verdict.measured === null ? (verdict.missing ?? '') : `measured ${verdict.measured}`;
    return `<failure message="${escapeHtml(`${verdict.text}: ${measured}`)}"/>`;
  };
  const cases = (thresholds.length === 0 ? [undefined] : thresholds).map(
    (verdict) =>
      `    <testcase classname="${escapeHtml(name)}" name="${escapeHtml(verdict?.text ?? title)}">${inner(verdict)}</testcase>\n`,
  );
  const skipped = status === 'skipped' ? cases.length : 0;
  return `  <testsuite name="${escapeHtml(name)}" tests="${cases.length}" failures="${failuresOf(scenario)}" skipped="${skipped}" time="${seconds.toFixed(1)}">\n${cases.join('')}  </testsuite>\n`;
}
