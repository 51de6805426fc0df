import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { INCIDENT_ID } from '../../incident-id.ts';
import { writeWhole } from '../../write-whole.ts';
import type { Incident } from './incident.ts';
import { reportHtml, reportMarkdown } from './render.ts';
import { type IncidentReport, titleOf } from './story.ts';

/** What is kept: the newest, and no more than this. */
export const MAX_INCIDENTS = 50;
export const MAX_BYTES = 52_428_800;

/** A report as it is listed. */
export interface ListedIncident {
  id: string;
  title: string;
  from: number;
  until: number;
  worst: Incident['worst'];
  bytes: number;
  /** A CPU profile lies beside it. */
  profile: boolean;
}

const ENDS = ['html', 'md', 'json'] as const;
export type ReportFormat = (typeof ENDS)[number];
/** A CPU profile of the time may lie beside it: a worker writes it. */
const PROFILE = 'cpuprofile';
const ALL_ENDS = [...ENDS, PROFILE] as const;

/** The reports of incidents, in a folder of the data folder. Bounded in number and bytes. */
export class IncidentFiles {
  private readonly folder: string;

  constructor(dataDir: string) {
    this.folder = join(dataDir, 'incidents');
  }

  /** The newest first. */
  list(): ListedIncident[] {
    return this.ids().flatMap((id) => {
      try {
        const { title, incident } = JSON.parse(readFileSync(this.path(id, 'json'), 'utf8')) as {
          title: string;
          incident: Incident;
        };
        return [
          {
            id,
            title,
            from: incident.from,
            until: incident.until,
            worst: incident.worst,
            bytes: this.bytesOf(id),
            profile: existsSync(this.path(id, PROFILE)),
          },
        ];
      } catch {
        return []; // half written, or not ours: there is nothing to list
      }
    });
  }

  /** Undefined: there is no such report. */
  read(id: string, format: ReportFormat | typeof PROFILE): string | undefined {
    if (!INCIDENT_ID.test(id)) return undefined;
    try {
      return readFileSync(this.path(id, format), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  path(id: string, format: ReportFormat | typeof PROFILE): string {
    return join(this.folder, `${id}.${format}`);
  }

  /** @throws {Error} the disk does not take it */
  write(report: IncidentReport): void {
    const { id } = report.incident;
    const bodies: Record<ReportFormat, string> = {
      html: reportHtml(report),
      md: reportMarkdown(report),
      json: `${JSON.stringify({ title: titleOf(report), ...report })}\n`,
    };
    for (const end of ENDS) writeWhole(this.path(id, end), bodies[end], { mode: 0o600, folderMode: 0o700 });
    this.prune();
  }

  private ids(): string[] {
    try {
      return readdirSync(this.folder)
        .filter((name) => name.endsWith('.json'))
        .map((name) => name.slice(0, -5))
        .filter((id) => INCIDENT_ID.test(id))
        .sort()
        .reverse();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  private bytesOf(id: string): number {
    return ALL_ENDS.reduce((sum, end) => sum + (statSync(this.path(id, end), { throwIfNoEntry: false })?.size ?? 0), 0);
  }

  private prune(): void {
    let bytes = 0;
    for (const [index, id] of this.ids().entries()) {
      bytes += this.bytesOf(id);
      if (index < MAX_INCIDENTS && (bytes <= MAX_BYTES || index === 0)) continue;
      for (const end of ALL_ENDS) rmSync(this.path(id, end), { force: true });
    }
  }
}
