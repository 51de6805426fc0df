import { ACTIVITY_KINDS, type ActivityDay, type ActivityKind } from '../../data/types.ts';

const WIDTH = 720;
const HEIGHT = 220;
const LEFT = 40;
const TOP = 14;
const BOTTOM = 30;
const GAP = 3;

/** A chart as numbers, for the template to draw. All lengths in units of the SVG's view box. */
export interface Chart {
  width: number;
  height: number;
  left: number;
  /** Horizontal lines, from the bottom. */
  lines: { y: number; label: string }[];
  days: {
    day: string;
    x: number;
    middle: number;
    width: number;
    label: string | undefined;
    total: number;
    parts: { kind: ActivityKind; y: number; height: number }[];
  }[];
  /** Where the baseline is. */
  base: number;
  totals: Record<ActivityKind, number>;
}

/** Stacked bars, one per day; the top line is a round number at or above the busiest day. */
export function activityChart(days: readonly ActivityDay[]): Chart {
  const sums = days.map(({ counts }) => ACTIVITY_KINDS.reduce((sum, kind) => sum + counts[kind], 0));
  const top = roundUp(Math.max(4, ...sums));
  const base = HEIGHT - BOTTOM;
  const unit = (base - TOP) / top;
  const step = (WIDTH - LEFT) / Math.max(1, days.length);
  const round = (value: number): number => Math.round(value * 10) / 10;
  const totals = Object.fromEntries(
    ACTIVITY_KINDS.map((kind) => [kind, days.reduce((sum, { counts }) => sum + counts[kind], 0)]),
  ) as Record<ActivityKind, number>;
  return {
    width: WIDTH,
    height: HEIGHT,
    left: LEFT,
    base,
    totals,
    lines: [0, 0.5, 1].map((share) => ({ y: round(base - share * top * unit), label: String(top * share) })),
    days: days.map(({ day, counts }, index) => {
      let y = base;
      const parts: Chart['days'][number]['parts'] = [];
      for (const kind of ACTIVITY_KINDS) {
        if (counts[kind] === 0) continue;
        const height = counts[kind] * unit;
        y -= height;
        parts.push({ kind, y: round(y), height: round(height) });
      }
      // Every seventh day counted from today has its date beneath.
      const label =
        (days.length - 1 - index) % 7 === 0 ? `${Number(day.slice(8))}/${Number(day.slice(5, 7))}` : undefined;
      return {
        day,
        x: round(LEFT + index * step + GAP / 2),
        middle: round(LEFT + (index + 0.5) * step),
        width: round(step - GAP),
        label,
        total: sums[index]!,
        parts,
      };
    }),
  };
}

/** The next of 4, 10, 20, 40, 100, 200, 400, ...: even, so that the middle line is a whole number. */
function roundUp(value: number): number {
  for (let power = 1; ; power *= 10) {
    for (const factor of [4, 10, 20]) if (value <= factor * power) return factor * power;
  }
}
