/**
 * So much time of each turn of the loop may go to requests that were sent ahead, ms. libuv accepts one connection in a turn:
 * with 300 clients that sent 64 KB of requests ahead, turns of 12 ms kept new visitors waiting for 4 s.
 */
const PER_TURN_MS = 1;

/** At most one of each connection. */
let queue: (() => void)[] = [];
let next = 0;

/** Runs `work` in a later turn of the loop, after what was given before: no client keeps the loop from the others. */
export function inLaterTurn(work: () => void): void {
  queue.push(work);
  if (queue.length === 1) setImmediate(runSome);
}

function runSome(): void {
  const until = performance.now() + PER_TURN_MS;
  // What is given meanwhile has its turn later, too.
  const end = queue.length;
  do {
    queue[next]!();
    next += 1;
  } while (next < end && performance.now() < until);
  queue = queue.slice(next);
  next = 0;
  if (queue.length > 0) setImmediate(runSome);
}
