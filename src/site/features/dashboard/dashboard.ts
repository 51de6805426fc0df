import { Readable } from 'node:stream';
import Router from '@koa/router';
import { currentAnnouncements } from '../../data/announcements.ts';
import { requireMember } from '../../http/require.ts';
import type { SiteFeature, SiteParts } from '../../parts.ts';
import type { TaskOutput } from '../../tasks/call.ts';
import { activityChart } from './chart.ts';

const DAYS = 30;
const ANNOUNCEMENTS = 10;
/** Rows of the export that are in memory at once. */
const CSV_ROWS = 500;

/** A member's own page: activity, announcements, export. */
export function dashboardFeature({ context, db, call, views, features, recorder }: SiteParts): SiteFeature {
  const { guard } = features.feature('dashboard');
  const activity = features.feature('activity');
  const router = new Router();

  router.get('/dashboard', guard, async (ctx) => {
    const { member } = requireMember(ctx);
    const { signal } = ctx.state.visit;
    let days: Extract<TaskOutput<'activityChart'>, { ok: true }>['days'] | undefined;
    try {
      const result = await activity.run(
        () => call('activityChart', { userId: member.id, days: DAYS }, { signal }),
        1_500,
      );
      if (result.ok) days = result.days;
    } catch (error) {
      context.log.warn({ err: error }, 'a dashboard is shown without its chart');
    }
    views.page(ctx, 'dashboard/dashboard', {
      title: 'Dashboard',
      days,
      chart: days && activityChart(days),
      announcements: currentAnnouncements(db, Date.now(), ANNOUNCEMENTS),
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
