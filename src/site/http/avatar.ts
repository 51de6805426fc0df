import { createHash } from 'node:crypto';

/** Sky, far and near mountain, sea, light: five harbours that go with the site in light and in dark. */
const PALETTES = [
  ['#12505f', '#3d7f88', '#0d3f4d', '#072a34', '#f2a65a'],
  ['#e9b27c', '#c9835a', '#8a4a3c', '#3a2430', '#fff0d4'],
  ['#7fb7c2', '#4f8c98', '#1f5a68', '#0c3a46', '#fff3dc'],
  ['#3c3f66', '#5a5f8c', '#2a2c4d', '#15172e', '#f5c98b'],
  ['#b7cfc0', '#7fa493', '#46705f', '#1f4539', '#fbe3b0'],
  ['#d98f8a', '#a85f66', '#6b3a4a', '#331c2b', '#ffe0c2'],
] as const;

/** A small harbour of the name's own, as an SVG file; the same name always gives the same picture, in upper and lower case. */
export const avatarSvg = (name: string): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" width="64" height="64">${shapes(name)}</svg>`;

/** The same picture as a part of a page, `size` px wide: a page with many people asks for no further file. */
export const face = (name: string, size: number): string =>
  `<svg class="face" aria-hidden="true" viewBox="0 0 64 64" width="${size}" height="${size}">${shapes(name)}</svg>`;

function shapes(name: string): string {
  const bytes = createHash('sha256').update(name.toLowerCase()).digest();
  let at = 0;
  const pick = (from: number, to: number): number => from + (bytes[at++]! % (to - from + 1));
  const [sky, far, near, sea, light] = PALETTES[pick(0, PALETTES.length - 1)]!;
  const sunX = pick(14, 50);
  const farPeak = pick(8, 30);
  const farTop = pick(18, 27);
  const nearPeak = pick(30, 54);
  const nearTop = pick(22, 32);
  const slope = pick(16, 26);
  const wave = pick(2, 4);
  return `<rect width="64" height="64" fill="${sky}"/><circle cx="${sunX}" cy="${pick(12, 22)}" r="${pick(4, 8)}" fill="${light}"/><path d="M${farPeak - 34} 48 ${farPeak} ${farTop}l34 ${48 - farTop}z" fill="${far}"/><path d="M${nearPeak - slope} 50 ${nearPeak} ${nearTop}l${slope} ${50 - nearTop}z" fill="${near}"/><path d="M${nearPeak} ${nearTop}l-5 6 4-1 2 3 2-3 3 1z" fill="${light}"/><path d="M0 48q8-${wave * 2} 16 0t16 0 16 0 16 0v16H0z" fill="${sea}"/><path d="M0 56q8-${wave * 2} 16 0t16 0 16 0 16 0" fill="none" stroke="${light}" stroke-opacity=".35" stroke-width="1.5"/>`;
}
