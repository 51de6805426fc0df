import type { Link } from '../link.ts';
import { Tail } from '../tail/tail.ts';

/** What was noted is sent so long after the first of it, ms. */
const SEND_AFTER_MS = 500;

/** The tail of this worker: the primary says for how long somebody watches, and is told what was answered meanwhile. */
export function createTailSender(link: Link): Tail {
  const tail: Tail = new Tail(() => {
    setTimeout(() => {
      const batch = tail.take();
      if (batch !== undefined) link.send({ type: 'tail', batch });
    }, SEND_AFTER_MS).unref();
  });
  link.on('tail', ({ forMs, perSecond }) => tail.watch(forMs, perSecond));
  return tail;
}
