import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';

/** Retries that may be saved up in quiet times. */
const MAX_SAVED = 10;
/** It is counted in thousandths of a retry: a whole number, which the threads of a process can share. */
const WHOLE = 1_000;

/**
 * Retries are at most a tenth of the calls: in an outage they must not become the load that keeps it going (Google SRE,
 * "Handling overload"). Each worker keeps it for its own calls, so it holds for all of them together.
 */
export class RetryBudget {
  private readonly cell: Int32Array;
  private readonly ratio: number;

  /** `cell`: the thousandths that are saved, for threads that share one budget. */
  constructor(ratio = 0.1, saved = MAX_SAVED, cell = newCell(saved)) {
    this.ratio = ratio;
    this.cell = cell;
  }

  /** Retries that may be made now. */
  get saved(): number {
    return Atomics.load(this.cell, 0) / WHOLE;
  }

  /** A call is made for the first time. */
  noteCall(): void {
    const saved = Atomics.add(this.cell, 0, Math.round(this.ratio * WHOLE)) + Math.round(this.ratio * WHOLE);
    const over = saved - MAX_SAVED * WHOLE;
    if (over > 0) Atomics.sub(this.cell, 0, over);
  }

  /** Whether one more try may be made. */
  take(): boolean {
    if (Atomics.sub(this.cell, 0, WHOLE) >= WHOLE) return true;
    Atomics.add(this.cell, 0, WHOLE);
    return false;
  }
}

function newCell(saved: number): Int32Array {
  const cell = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  cell[0] = Math.round(saved * WHOLE);
  return cell;
}

const SHARED = 'tahan.retry-budget';

/** The one budget of this process. Threads that start after the first call share it. */
export function budgetOfProcess(): RetryBudget {
  let cell = getEnvironmentData(SHARED) as Int32Array | undefined;
  if (cell === undefined) {
    cell = newCell(MAX_SAVED);
    setEnvironmentData(SHARED, cell as never);
  }
  return new RetryBudget(undefined, undefined, cell);
}
