const { imul } = Math;

let sink = 0;

/** Does `iterations` steps of integer arithmetic: the same work on every server, however busy the core is. */
export function burn(iterations: number): void {
  let state = 0x2545f491 ^ sink;
  for (let step = 0; step < iterations; step += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state = imul(state, 0x9e3779b1) + step;
  }
  sink = state; // kept, so that the loop cannot be optimised away
}

const ROUND_ITERATIONS = 400_000;

/**
 * Iterations of `burn` in one millisecond of an undisturbed core. The fastest of many short rounds counts: other
 * processes can only make a round slower.
 */
export function calibrate(rounds = 40, now: () => number = () => performance.now()): number {
  burn(ROUND_ITERATIONS * 5); // compiled from here on
  let bestMs = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round += 1) {
    const start = now();
    burn(ROUND_ITERATIONS);
    bestMs = Math.min(bestMs, now() - start);
  }
  return Math.max(1, Math.round(ROUND_ITERATIONS / bestMs));
}
