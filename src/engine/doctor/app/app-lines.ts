import type { AskedPage } from './ask-pages.ts';
import type { HotSpot, Span } from './hot-spots.ts';
import type { Loss } from './losses.ts';
import type { Seen } from './seen.ts';

/** All that was found of an app. */
export interface AppReport {
  /** The file, as a person names it. */
  file: string;
  frameworks: readonly string[];
  app: Seen['app'];
  startedMs: number;
  warnings: readonly string[];
  pages: readonly AskedPage[];
  /** With the place as a person names it. */
  spots: readonly (Pick<HotSpot, 'name' | 'mostly' | 'longestMs' | 'spans'> & { place: string })[];
  losses: readonly Loss[];
}

const SIGNS = { cached: '✓', could: '+', no: '-', fails: '✗' } as const;

/** Whether a function held the loop more than once: once may be the making of what later calls find. */
const again = ({ spans }: AppReport['spots'][number]): boolean => spans.length > 1;

/** The things that visitors feel. */
const hurting = ({ pages, spots, losses }: AppReport): number =>
  pages.filter(({ verdict }) => verdict.is === 'fails').length +
  spots.filter(again).length +
  losses.filter(({ hurts }) => hurts).length;

/** The report for a person. `healthy`: nothing of it hurts. */
export function appLines(report: AppReport): { lines: string[]; healthy: boolean } {
  const { file, frameworks, startedMs, warnings, pages, spots, losses } = report;
  const hurts = hurting(report);
  const width = Math.min(40, Math.max(4, ...pages.map(({ path }) => path.length)));
  const could = pages.find(({ verdict }) => verdict.is === 'could');
  const lines = [
    `${file}`,
    `  framework  ${frameworks.length === 0 ? 'none that Tahan knows by name' : frameworks.join(', ')}`,
    `  door       ${doorWords(report.app)}`,
    `  start      ${(startedMs / 1_000).toFixed(1)} s with Tahan`,
    ...warnings.map((text) => `  said       ${text}`),
    '',
    `Pages, each asked for twice without a cookie (✓ cached  + could be  - cannot  ✗ fails)`,
    ...pages.map(
      ({ path, verdict, ms }) => `${SIGNS[verdict.is]} ${path.padEnd(width)}  ${ms.toFixed(0)} ms; ${verdict.why}`,
    ),
    ...(could === undefined
      ? []
      : [
          '  For what is the same for everybody: the header Cache-Control: public, s-maxage=5, or in tahan.config',
          `  routes: [{ route: '${could.path.split('?')[0]}', cache: { ttlMs: 5_000 } }]`,
        ]),
    '',
    'What held the event loop over 20 ms while they were asked for',
    ...(spots.length === 0 ? ['  nothing'] : []),
    ...spots.map((spot) => `${again(spot) ? '✗' : '-'} ${spotWords(spot, pages)}`),
    '',
    'What a reload takes away',
    ...(losses.length === 0 ? ['  nothing that was seen'] : []),
    ...losses.map((loss) => `${loss.hurts ? '✗' : '-'} ${loss.text}`),
    '',
    hurts === 0
      ? 'Nothing of this app will hurt in a surge, as far as it was asked.'
      : `${hurts} of this will hurt in a surge.`,
  ];
  return { lines, healthy: hurts === 0 };
}

function doorWords(app: Seen['app']): string {
  if (app === undefined) return 'createSite: a site of Tahan’s own kind';
  if (app.door === 'export') return `it exports its app (${app.kind})`;
  return `it listens by itself${app.port === undefined || app.port === 0 ? '' : ` (port ${app.port})`}, and is taken over`;
}

function spotWords(spot: AppReport['spots'][number], pages: readonly AskedPage[]): string {
  const paths = [...new Set(spot.spans.flatMap((span) => pageOf(span, pages) ?? []))];
  const times = again(spot) ? `${spot.spans.length} times` : 'once: perhaps only at the first call';
  return [
    `${spot.longestMs.toFixed(0)} ms  ${spot.name} (${spot.place})`,
    ...(spot.mostly === undefined ? [] : [`mostly in ${spot.mostly}`]),
    times + (paths.length === 0 ? '' : `, with ${paths.join(' ')}`),
  ].join('; ');
}

/** The page that was asked for during most of a span; undefined: none. */
function pageOf(span: Span, pages: readonly AskedPage[]): string | undefined {
  let most = 0;
  let found: string | undefined;
  for (const { path, fromUs, toUs } of pages) {
    const common = Math.min(toUs, span.toUs) - Math.max(fromUs, span.fromUs);
    if (common > most) [most, found] = [common, path];
  }
  return found;
}
