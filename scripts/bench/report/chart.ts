import type { MedianRow } from './results.ts';
import { shown } from './table.ts';

const ROW = 18;
const GAP = 10;
const LEFT = 190;
const WIDTH = 760;
const RIGHT = 90;
const COLOURS = ['#2463c4', '#d3722c', '#3f9a5c', '#9657b5', '#b8405e', '#64748b', '#8a7a12', '#1c8f9c'];

const escaped = (text: string): string => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** Horizontal bars, grouped by server, one bar per case, as a stand-alone SVG that reads on light and dark pages. */
export function barChart(title: string, unit: string, value: string, rows: readonly MedianRow[]): string {
  const cases = [...new Set(rows.map((row) => row.case))];
  const servers = [...new Set(rows.map((row) => row.server))];
  const largest = Math.max(1e-9, ...rows.map((row) => row.values[value] ?? 0));
  const parts: string[] = [];
  let y = 34 + 20 * cases.length;
  cases.forEach((name, index) => {
    parts.push(
      `<rect x="${LEFT}" y="${32 + 20 * index}" width="12" height="12" fill="${COLOURS[index % COLOURS.length]}"/>`,
    );
    parts.push(`<text x="${LEFT + 18}" y="${42 + 20 * index}">${escaped(name)}</text>`);
  });
  y += GAP;
  for (const server of servers) {
    const own = rows.filter((row) => row.server === server);
    parts.push(
      `<text x="${LEFT - 10}" y="${y + (own.length * ROW) / 2 + 4}" text-anchor="end">${escaped(server)}</text>`,
    );
    for (const row of own) {
      const amount = row.values[value] ?? 0;
      const width = Math.max(1, (amount / largest) * (WIDTH - LEFT - RIGHT));
      const label = row.void === undefined ? shown(row.values[value]) : 'void';
      parts.push(
        `<rect x="${LEFT}" y="${y}" width="${width.toFixed(1)}" height="${ROW - 4}" fill="${COLOURS[cases.indexOf(row.case) % COLOURS.length]}"/>`,
      );
      parts.push(`<text x="${(LEFT + width + 6).toFixed(1)}" y="${y + 11}">${label}</text>`);
      y += ROW;
    }
    y += GAP;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}" role="img" aria-label="${escaped(title)}">
<style>text { font: 12px system-ui, sans-serif; fill: #1f2937 } .page { fill: #ffffff }</style>
<rect class="page" width="100%" height="100%"/>
<text x="12" y="20" font-weight="bold">${escaped(title)} (${escaped(unit)})</text>
${parts.join('\n')}
</svg>
`;
}
