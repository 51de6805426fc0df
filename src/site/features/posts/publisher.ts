import { nextPublishAt } from '../../data/posts.ts';
import type { SiteParts } from '../../parts.ts';

/** How often a worker looks for scheduled posts whose time has come, ms. */
const EVERY_MS = 1_000;

/**
 * Publishes scheduled posts when their time comes. Every worker looks; the task publishes a post once, whoever is first.
 * @returns stops it
 */
export function startPublisher({ context, db, call }: SiteParts): () => void {
  const { log } = context;
  let running = false;

  const publish = async (): Promise<void> => {
    // Read by index, some microseconds: the pool is only asked when there is something to do.
    const due = nextPublishAt(db);
    if (due === undefined || due > Date.now()) return;
    const result = await call('publishDue', {});
    if (!result.ok || result.published === 0) return;
    await context.purge(result.purge);
    log.info({ posts: result.published }, 'scheduled posts were published');
  };

  const timer = setInterval(() => {
    if (running) return;
    running = true;
    publish()
      .catch((error: unknown) =>
        log.error({ err: error }, 'scheduled posts could not be published; the next try follows'),
      )
      .finally(() => {
        running = false;
      });
  }, EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}
