import { parentPort, workerData } from 'node:worker_threads';
import { type Batch, createStoreFile, type Outcome } from './store-file.ts';

/** The thread that writes the page store: takes batches by message, one at a time, and tells what became of each. */

export interface WriterData {
  path: string;
  /** Bound of the pages in the store, bytes. */
  maxBytes: number;
}

export type WriterMessage = ({ type: 'batch' } & Batch) | { type: 'suspect' } | { type: 'close' };

export type WriterReply =
  | { type: 'done'; outcome: Outcome }
  | { type: 'problem'; kind: string; line: string }
  | { type: 'renewed' };

/** The file is looked after this often: someone may have deleted it. */
const TEND_MS = 1_000;

const port = parentPort!;
const reply = (message: WriterReply): void => port.postMessage(message);

const file = createStoreFile({
  ...(workerData as WriterData),
  onProblem: (kind, line) => reply({ type: 'problem', kind, line }),
  onRenewed: () => reply({ type: 'renewed' }),
});
file.tend();
const tending = setInterval(file.tend, TEND_MS);

port.on('message', (message: WriterMessage) => {
  switch (message.type) {
    case 'batch':
      reply({ type: 'done', outcome: file.write(message) });
      break;
    case 'suspect':
      file.suspect();
      break;
    case 'close':
      clearInterval(tending);
      file.close();
      port.close();
  }
});
