/** A promoted worker takes less in its first second: its code is not all compiled yet, and its costs are not known. */
const RAMP_MS = 1_000;
const FIRST_SHARE = 0.2;
const STEP_MS = 50;

/** Raises the share of the gate's bounds from 0.2 to 1 within a second. */
export function startSlowly(setShare: (share: number) => void): void {
  const since = performance.now();
  setShare(FIRST_SHARE);
  const timer = setInterval(() => {
    const share = FIRST_SHARE + ((1 - FIRST_SHARE) * (performance.now() - since)) / RAMP_MS;
    setShare(Math.min(1, share));
    if (share >= 1) clearInterval(timer);
  }, STEP_MS);
  timer.unref();
}
