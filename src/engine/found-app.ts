import { channel } from 'node:diagnostics_channel';

/** An app that knows nothing of Tahan, as it was found in a worker. */
export interface FoundApp {
  /** `export`: it exports a listener or a framework's app; `listen`: it listens by itself. */
  door: 'export' | 'listen';
  /** What it was recognised as. */
  kind: string;
  /** The port that it asked for, 0 for any; undefined: it does not listen. */
  port: number | undefined;
}

/** Published in a worker when its app was found (node:diagnostics_channel); the message is a `FoundApp`. */
export const FOUND_APP = channel('tahan:app');
