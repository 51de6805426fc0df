import { readFileSync, statSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Dispatcher } from '../admission/dispatcher.ts';
import { costName, keptCosts, type LearnedCosts, learnedCostsSchema, NO_COSTS } from '../admission/route-costs.ts';
import type { RouteWork } from '../admission/route-work.ts';
import type { Routes } from '../routes.ts';
import { circumstances, differences } from '../stress/circumstances.ts';
import { circumstancesSchema } from '../stress/run-record.ts';

/** 256 routes have some 50 KiB; a larger file is none of ours. */
const MAX_BYTES = 262_144;
/** Between two writes, ms: a worker that is killed loses this much. */
const EVERY_MS = 60_000;
/** What was learned longer ago says too little, ms. */
const MAX_AGE_MS = 30 * 86_400_000;

const fileSchema = z.object({
  schema: z.literal(1),
  savedAt: z.number(),
  site: z.string(),
  ...circumstancesSchema.shape,
  ...learnedCostsSchema.shape,
});

/** Between restarts: what the routes cost, in `route-costs.json` of the data folder. */
export interface CostFile {
  /** What a worker of the same site on the same machine has learned before. */
  readonly costs: LearnedCosts;
  /** Why there is nothing, for the log; empty: there is. */
  readonly why: string;
  /** Writes what these routes have learned now and then, off the loop. Gives what writes it once more, for the end. */
  keep: (routes: Routes, works: readonly RouteWork[], dispatcher: Pick<Dispatcher, 'unit'>) => () => Promise<void>;
}

/** `report`: it could not be written. */
export function openCostFile(dataDir: string, siteUrl: URL, version: string, report: (line: string) => void): CostFile {
  const path = join(dataDir, 'route-costs.json');
  const here = { ...circumstances(version), site: markOf(siteUrl) };
  const read = (): { costs: LearnedCosts; why: string } => {
    let text: string;
    try {
      if (statSync(path).size > MAX_BYTES) return { costs: NO_COSTS, why: 'it is too large' };
      text = readFileSync(path, 'utf8');
    } catch {
      return { costs: NO_COSTS, why: 'there is none' };
    }
    const file = parse(text);
    if (file === undefined) return { costs: NO_COSTS, why: 'it cannot be read' };
    const other = [...differences(file, here), ...(file.site === here.site ? [] : ['another release of the site'])];
    if (other.length > 0) return { costs: NO_COSTS, why: `it was learned with ${other.join(', ')}` };
    if (Math.abs(Date.now() - file.savedAt) > MAX_AGE_MS) return { costs: NO_COSTS, why: 'it is too old' };
    return { costs: { unit: file.unit, routes: file.routes }, why: '' };
  };
  return {
    ...read(),
    keep(routes, works, { unit }) {
      const named = [...routes.all, routes.unknown];
      let written = 0;
      const write = async (): Promise<void> => {
        const runs = works.reduce((sum, { learned }) => sum + (learned?.runs ?? 0), 0);
        if (runs === written) return;
        written = runs;
        const all = named.map(({ policy }, index) => ({ name: costName(policy), work: works[index]! }));
        // Those without a name of their own are many, and have nothing in common.
        const own = all.filter(({ name }) => name !== 'other' && name !== 'unknown');
        const file = { schema: 1, savedAt: Date.now(), ...here, ...keptCosts(read().costs, own, unit.learned) };
        const part = `${path}.${process.pid}`;
        try {
          await writeFile(part, JSON.stringify(file), { mode: 0o640 });
          await rename(part, path);
        } catch (error) {
          report(`what the routes cost could not be kept: ${String(error)}`);
          await rm(part, { force: true }).catch(() => {}); // the disk is full: what matters was reported
        }
      };
      const timer = setInterval(() => void write(), EVERY_MS).unref();
      return () => {
        clearInterval(timer);
        return write();
      };
    },
  };
}

function parse(text: string): z.infer<typeof fileSchema> | undefined {
  try {
    return fileSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined; // no JSON: it was never written whole
  }
}

/** Tells releases of a site apart: where its module is, and since when. */
function markOf(siteUrl: URL): string {
  const { mtimeMs = 0 } = statSync(siteUrl, { throwIfNoEntry: false }) ?? {};
  return `${fileURLToPath(siteUrl)} ${Math.round(mtimeMs)}`;
}
