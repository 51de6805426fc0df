import type { Sample } from '../../monitor-sample.ts';
import type { TrafficDb } from '../traffic-db.ts';
import { addToIncident, beginIncident, type Incident, isHard } from './incident.ts';

/** So long before and after it is kept, ms; when it comes again meanwhile, it goes on. */
export const AROUND_MS = 120_000;
/** What is over sooner is no incident, ms. */
const LEAST_MS = 1_500;
/** A longer one is written in parts, ms. */
const LONGEST_MS = 3_000_000;
const MAX_RUNNING = 16;
const SAVE_EVERY_MS = 10_000;

const startOf = ({ at, seconds }: Sample): number => at - seconds * 1_000;

export interface RecorderParts {
  db: TrafficDb;
  /** It begins. */
  onBegin: (incident: Incident) => void;
  /** It is over, and so is the time after it: write it down. */
  onEnd: (incident: Incident) => void;
}

export interface FlightRecorder {
  readonly current: Incident | undefined;
  /** `began`: critical alerts that begin to fire with this sample; `firing`: all that do. */
  look: (sample: Sample, began: readonly string[], firing: readonly string[]) => void;
}

/** Sees incidents begin and end. One that is under way when the process dies goes on with the next. */
export function createFlightRecorder({ db, onBegin, onEnd }: RecorderParts): FlightRecorder {
  db.exec('CREATE TABLE IF NOT EXISTS incident (one INTEGER PRIMARY KEY CHECK (one = 1), data TEXT NOT NULL)');
  const put = db.prepare('INSERT OR REPLACE INTO incident (one, data) VALUES (1, ?)');
  const drop = db.prepare('DELETE FROM incident');
  const kept = db.prepare('SELECT data FROM incident').get() as { data: string } | undefined;
  let current = kept === undefined ? undefined : (JSON.parse(kept.data) as Incident);
  let savedAt = Number.NEGATIVE_INFINITY;
  /** Hard samples running that are no incident yet; few, as it soon is one. */
  let running: Sample[] = [];

  const save = (now: number): void => {
    savedAt = now;
    put.run(JSON.stringify(current));
  };
  const end = (incident: Incident): void => {
    drop.run();
    current = undefined;
    onEnd(incident);
  };
  const begins = (sample: Sample, began: readonly string[]): string | undefined => {
    if (began.length > 0) return `critical alert ${began.join(', ')}`;
    const [first] = running;
    if (first === undefined || sample.at - startOf(first) < LEAST_MS) return undefined;
    return `${sample.mode}: ${sample.reason}`;
  };

  return {
    get current() {
      return current;
    },
    look(sample, began, firing) {
      running = isHard(sample) ? [...running, sample].slice(-MAX_RUNNING) : [];
      const isSo = isHard(sample) || firing.length > 0;
      if (current === undefined) {
        const why = begins(sample, began);
        if (why === undefined) return;
        const [first = sample, ...later] = running;
        current = beginIncident(first, why);
        // The present one is added below.
        for (const each of [first, ...later].filter((one) => one !== sample)) current = addToIncident(current, each);
        savedAt = Number.NEGATIVE_INFINITY;
        onBegin(current);
      } else if (sample.at - current.until > AROUND_MS || sample.at - current.from > LONGEST_MS) {
        end(current);
        return;
      }
      if (isSo) {
        const alerts = [...new Set([...current.alerts, ...firing])];
        current = { ...addToIncident(current, sample), alerts, until: sample.at };
      }
      if (sample.at - savedAt >= SAVE_EVERY_MS) save(sample.at);
    },
  };
}
