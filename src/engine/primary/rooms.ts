import type { Config } from '../../config.ts';
import type { RoomState, RoomTidings } from '../beats.ts';
import { type AccountOptions, RoomAccount } from '../room/account.ts';
import { isServing, type WorkerView } from './view.ts';

/** How often the lines are looked at, and workers told, ms. */
const STEP_MS = 250;
/** Weight of one step in the utilisation: that of a beat covers 100 ms. */
const WEIGHT = 0.3;

export interface Rooms {
  readonly account: RoomAccount;
  take: (tidings: RoomTidings) => void;
  /** Gives what the workers are to know, when it is time and there is something to say. `now`: epoch ms. */
  tick: (config: Config, workers: readonly WorkerView[], now: number) => RoomState | undefined;
  /** What was last told, for a worker that is new. */
  readonly state: RoomState | undefined;
}

export const accountOptions = ({ room, roomMaxRate }: Pick<Config, 'room' | 'roomMaxRate'>): AccountOptions => ({
  mode: room,
  maxPerS: roomMaxRate,
});

/** Keeps the account of the waiting rooms by what the workers tell. */
export function createRooms(config: Config): Rooms {
  const account = new RoomAccount(accountOptions(config));
  let state: RoomState | undefined;
  let steppedAt = Number.NEGATIVE_INFINITY;
  let load = 0;
  let completed = new Map<string, number>();
  let perS = 0;

  const measure = (workers: readonly WorkerView[], dtS: number): void => {
    const serving = workers.filter((worker) => isServing(worker) && worker.beat !== undefined);
    const now = new Map(serving.map(({ name, beat }) => [name, beat!.completed]));
    let done = 0;
    for (const [name, n] of now) done += Math.max(0, n - (completed.get(name) ?? n));
    completed = now;
    if (dtS > 0 && dtS < 5) perS += WEIGHT * (done / dtS - perS);
    if (serving.length === 0) return;
    // The pool and work elsewhere count as they are offered; of the loop it is known how long it worked.
    const loads = serving.map(({ beat }) => Math.max(beat!.elu, beat!.loadRatio.pool, beat!.loadRatio.elsewhere));
    load += WEIGHT * (loads.reduce((sum, one) => sum + one, 0) / serving.length - load);
  };

  return {
    account,
    get state() {
      return state;
    },
    take: (tidings) => account.take(tidings, Date.now()),
    tick(current, workers, now) {
      if (now - steppedAt < STEP_MS && now >= steppedAt) return undefined;
      measure(workers, (now - steppedAt) / 1_000);
      steppedAt = now;
      account.options = accountOptions(current);
      const next = account.step(load, perS, now);
      const silent = next.rooms.length === 0 && next.hold === null;
      const wasSilent = state === undefined || (state.rooms.length === 0 && state.hold === null);
      state = next;
      return silent && wasSilent ? undefined : next;
    },
  };
}
