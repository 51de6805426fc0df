import type { Finding } from './readings.ts';

const SIGNS = { good: '✓', hurts: '✗', unknown: '?' } as const;

/** The findings for a person: a line each, and for what hurts what it does and what to type. */
export function doctorLines(findings: readonly Finding[]): string[] {
  const width = Math.max(...findings.map(({ name }) => name.length));
  const lines = findings.flatMap(({ name, is, seen, wanted, why, command }) => [
    `${SIGNS[is]} ${name.padEnd(width)}  ${seen}${is === 'good' ? '' : `; wanted: ${wanted}`}`,
    ...(is === 'hurts' ? [`    ${why}`, `    ${command}`] : []),
  ]);
  const hurts = findings.filter(({ is }) => is === 'hurts').length;
  return [
    ...lines,
    '',
    hurts === 0
      ? 'Nothing of this machine will hurt in a surge.'
      : `${hurts} of ${findings.length} will hurt in a surge.`,
  ];
}
