import { parentPort, workerData } from 'node:worker_threads';
import { startedTicks } from '../host/started-ticks.ts';
import { isAlive } from '../is-alive.ts';
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

/** A pid is given again to other processes, so it counts with its process's start only. */
const ownerOf = (pid: number): string => `${pid}.${startedTicks(pid) ?? ''}`;
const owner = ownerOf(process.pid);
const lives = (other: string): boolean => {
  const pid = Number(other.split('.', 1)[0]);
  return isAlive(pid) && ownerOf(pid) === other;
};

const port = parentPort!;
const { path } = workerData as ThreadData;
let file: RecordFile | undefined;
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

function work(): void {
  const batch = waiting;
  waiting = [];
  let replies: ThreadReply[] = [];
  try {
    file ??= openRecordFile({ path, owner, isAlive: lives });
    const records = file;
    records.together(() => {
      replies = batch.map((request) => perform(request, records));
    });
  } catch (error) {
    const failed = error instanceof Error ? error.message : String(error);
    replies = batch.map(({ number }) => ({ number, failed }));
  }
  for (const reply of replies) port.postMessage(reply);
}

port.on('message', (request: ThreadRequest) => {
  if (request.type === 'close') {
    if (waiting.length > 0) work();
    file?.close();
    port.close();
    return;
  }
  waiting.push(request);
  if (waiting.length === 1) setImmediate(work);
});
