import { parentPort, workerData } from 'node:worker_threads';
import { inodeOf, isDamage, isUnusable, setAside, withMutex } from '../database-file.ts';
import { startedTicks } from '../host/started-ticks.ts';
import { isAlive } from '../is-alive.ts';
import { messageOf } from '../message-of.ts';
import { type Claimed, openRecordFile, type RecordFile } from './record-file.ts';

/** The thread that keeps the records: what came in one turn is one transaction, so that many share one wait for the disk. */

export interface ThreadData {
  path: string;
}

export type ThreadRequest =
  | { type: 'claim'; number: number; token: number; id: Uint8Array; body: Uint8Array }
  | { type: 'finish'; number: number; token: number; id: Uint8Array; answer: Uint8Array | undefined }
  | { type: 'free'; number: number; token: number; id: Uint8Array }
  | { type: 'close' };

/** `claimed`: of a claim only. `failed`: why nothing of it was done. */
export interface ThreadReply {
  number: number;
  claimed?: Claimed;
  failed?: string;
}

/** What the operator is to know. */
export interface ThreadProblem {
  problem: string;
}

/** A pid is given again to other processes, so it counts with its process's start only. */
const ownerOf = (pid: number): string => `${pid}.${startedTicks(pid) ?? ''}`;
const owner = ownerOf(process.pid);
const lives = (other: string): boolean => {
  const pid = Number(other.split('.', 1)[0]);
  return isAlive(pid) && ownerOf(pid) === other;
};

const port = parentPort!;
const { path } = workerData as ThreadData;
let file: { records: RecordFile; inode: number | undefined } | undefined;
let waiting: Exclude<ThreadRequest, { type: 'close' }>[] = [];

function perform(request: (typeof waiting)[number], records: RecordFile): ThreadReply {
  const { number, token } = request;
  const id = Buffer.from(request.id);
  switch (request.type) {
    case 'claim':
      return { number, claimed: records.claim(id, Buffer.from(request.body), token) };
    case 'finish':
      records.finish(id, token, request.answer === undefined ? undefined : Buffer.from(request.answer));
      return { number };
    case 'free':
      records.free(id, token);
      return { number };
  }
}

function disconnect(): void {
  const leaving = file;
  file = undefined;
  leaving?.records.close();
}

/** The file that is at the path now: where another worker has put one aside, records in that one are seen by nobody. */
function openedFile(): RecordFile {
  if (file !== undefined && file.inode !== inodeOf(path)) disconnect();
  if (file === undefined) {
    const records = openRecordFile({ path, owner, isAlive: lives });
    file = { records, inode: inodeOf(path) };
  }
  return file.records;
}

function performAll(batch: typeof waiting): ThreadReply[] {
  const records = openedFile();
  let replies: ThreadReply[] = [];
  records.together(() => {
    replies = batch.map((request) => perform(request, records));
  });
  return replies;
}

/**
 * What was done before is not known any more where the file cannot be read; but no form would ever be taken again with it.
 * Gives whether there is a new one, or another worker has made it.
 */
function mend(error: unknown, bad: number | undefined): boolean {
  if (!isDamage(error) && !isUnusable(error, path)) return false;
  try {
    disconnect();
  } catch {
    // it is damaged: there is nothing in it to save
  }
  const aside = withMutex(path, () => {
    if (inodeOf(path) !== bad) return false;
    setAside(path);
    return true;
  });
  if (aside) {
    const problem = `${path} cannot be used, ${messageOf(error)}; put aside as ${path}.corrupt and begun anew: requests that were done before may be done once more`;
    port.postMessage({ problem } satisfies ThreadProblem);
  }
  return true;
}

function work(): void {
  const batch = waiting;
  waiting = [];
  let replies: ThreadReply[];
  const bad = file?.inode ?? inodeOf(path);
  try {
    try {
      replies = performAll(batch);
    } catch (error) {
      if (!mend(error, bad)) throw error;
      replies = performAll(batch);
    }
  } catch (error) {
    replies = batch.map(({ number }) => ({ number, failed: messageOf(error) }));
  }
  for (const reply of replies) port.postMessage(reply);
}

port.on('message', (request: ThreadRequest) => {
  if (request.type === 'close') {
    if (waiting.length > 0) work();
    file?.records.close();
    port.close();
    return;
  }
  waiting.push(request);
  if (waiting.length === 1) setImmediate(work);
});
