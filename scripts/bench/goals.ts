import type { Bench, Row } from './scenario.ts';

/** What a measured value must reach, and what it shall. */
export interface Goal {
  must: number;
  aim: number;
  /** Larger is better. */
  more?: boolean;
}

export type Verdict = 'aim met' | 'met' | 'MISSED';

/** Whether a measured value meets its goal, in words. */
export function judge(goal: Goal, measured: number | null): Verdict {
  const reaches = (bound: number): boolean =>
    measured !== null && (goal.more === true ? measured >= bound : measured <= bound);
  if (reaches(goal.aim)) return 'aim met';
  return reaches(goal.must) ? 'met' : 'MISSED';
}

/** The verdict of a row by its goal, which its case names; nothing for a row without one, such as a peer's. */
export const verdictBy =
  (goals: Readonly<Record<string, Goal>>) =>
  ({ case: name, values }: Row): string =>
    goals[name] === undefined || !('must' in values) ? '' : judge(goals[name], values.measured ?? null);

/** A row with its goal beside what was measured. */
export function goalRow(
  goals: Readonly<Record<string, Goal>>,
  name: string,
  { server, ...from }: Pick<Row, 'server' | 'void'>,
  measured: number | null | undefined,
): Row {
  const goal = goals[name];
  if (goal === undefined) throw new TypeError(`no goal is named ${JSON.stringify(name)}`);
  return {
    server,
    case: name,
    values: { measured: measured ?? null, must: goal.must, aim: goal.aim },
    ...(from.void === undefined ? {} : { void: from.void }),
  };
}

/** The rows of a scenario while it runs; each is told to the person who waits. */
export interface Scorecard {
  rows: Row[];
  /** Adds a row as it was measured: what explains the goals, and the peers. */
  add: (row: Row) => Row;
  /** Adds the row of a goal: `measured` of `from`. */
  score: (name: string, from: Row, measured: number | null | undefined) => void;
}

export function scorecard(bench: Pick<Bench, 'say'>, goals: Readonly<Record<string, Goal>>): Scorecard {
  const rows: Row[] = [];
  const short = (value: number | null): string => (value === null ? 'never' : value.toFixed(1));
  return {
    rows,
    add(row) {
      rows.push(row);
      const values = Object.entries(row.values).map(([name, value]) => `${name} ${short(value)}`);
      bench.say(`  ${row.server}, ${row.case}: ${values.join(', ')}${row.void === undefined ? '' : ` (${row.void})`}`);
      return row;
    },
    score(name, from, measured) {
      const row = goalRow(goals, name, from, measured);
      rows.push(row);
      const { must, aim } = goals[name]!;
      bench.say(`  ${name}: ${measured ?? 'never'} (must ${must}, aim ${aim})`);
    },
  };
}
