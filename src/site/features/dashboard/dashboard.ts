import { Readable } from 'node:stream';
import Router from '@koa/router';
import { currentAnnouncements } from '../../data/announcements.ts';
import { requireMember } from '../../http/require.ts';
import type { SiteFeature, SiteParts } from '../../parts.ts';
import { activityChart } from './chart.ts';

const DAYS = 30;
const ANNOUNCEMENTS = 10;
/** The frame of the page waits no longer for the chart, ms. */
const CHART_MS = 1_000;
/** Rows of the export that are in memory at once. */
const CSV_ROWS = 500;

/** A member's own page: activity, announcements, export. */
export function dashboardFeature({ context, db, call, views, features, recorder }: SiteParts): SiteFeature {
  const { guard } = features.feature('dashboard');
  for (const name of ['activity', 'announcements']) features.feature(name);
  const router = new Router();

  router.get('/dashboard', guard, async (ctx) => {
    const { member } = requireMember(ctx);
    const { signal } = ctx.state.visit;
    const chart = await context.fragment('activity', { ttlMs: 0, key: member.id, deadlineMs: CHART_MS }, async () => {
      const result = await call('activityChart', { userId: member.id, days: DAYS }, { signal });
      if (!result.ok) throw new TypeError('activityChart refused its input');
      return result.days;
    });
    if (chart.state !== 'fresh') context.log.warn({ err: chart.error }, 'a dashboard is shown without a fresh chart');
    const days = chart.value;
    const news = await context.fragment('announcements', { ttlMs: 0 }, () =>
      currentAnnouncements(db, Date.now(), ANNOUNCEMENTS),
    );
    if (news.state !== 'fresh')
      context.log.warn({ err: news.error }, 'a dashboard is shown without fresh announcements');
    views.page(ctx, 'dashboard/dashboard', {
      title: 'Dashboard',
      days,
      chart: days && activityChart(days),
      chartNote:
        chart.state === 'stale' ? 'The chart could not be refreshed just now; this is the last we have.' : undefined,
      announcements: news.value ?? [],
      newsNote: news.state === 'missing' ? 'The announcements are taking a break.' : undefined,
    });
  });

  router.get('/dashboard/activity.csv', guard, async (ctx) => {
    const { member } = requireMember(ctx);
    const { signal } = ctx.state.visit;
    await recorder.flush();
    const chunk = async (after: number) => {
      const result = await call('activityCsvChunk', { userId: member.id, after, limit: CSV_ROWS }, { signal });
      if (!result.ok) throw new TypeError('activityCsvChunk refused its input');
      return result;
    };
    // The first part is read before the answer begins: until then, an error can still be told.
    const first = await chunk(0);
    const rest = async function* () {
      yield first.csv;
      for (let { next } = first; next !== null; ) {
        const part = await chunk(next);
        yield part.csv;
        next = part.next;
      }
    };
    ctx.attachment(`activity-${member.name}.csv`);
    ctx.type = 'text/csv; charset=utf-8';
    // A stream of parts asks for the next one only when the visitor has taken the last: a slow reader costs one part of memory.
    ctx.body = Readable.from(rest(), { objectMode: true, highWaterMark: 1 });
  });

  return {
    router,
    policies: [
      { route: '/dashboard', methods: ['GET'], priority: 'normal' },
      { route: '/dashboard/activity.csv', methods: ['GET'], priority: 'low', deadlineMs: 0 },
    ],
  };
}
