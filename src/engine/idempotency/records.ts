import { Worker } from 'node:worker_threads';
import { moduleNear } from '../module-near.ts';
import type { Claimed } from './record-file.ts';
import type { ThreadData, ThreadProblem, ThreadReply, ThreadRequest } from './record-thread.ts';

/** Questions to the thread that are open at a time; with more, requests are told to come again. */
export const MAX_OPEN = 1_000;
/** A disk that takes longer than this holds nobody up, ms. */
const WITHIN_MS = 2_000;
/** Longest wait for the thread at the end of the process, ms. */
const CLOSE_MS = 2_000;

export interface Records {
  /** @throws {RecordsError} it cannot be known: nothing may be done */
  claim: (id: Buffer, body: Buffer, token: number) => Promise<Claimed>;
  /**
   * Resolves when the answer is on the disk, or is known not to get there, which is told. Never throws: the work is done,
   * and its visitor gets the answer; a further try finds the record still under way.
   */
  finish: (id: Buffer, token: number, answer: Buffer | undefined) => Promise<void>;
  /** The work was not done. Never throws: a record that stays is taken over when its process has ended. */
  free: (id: Buffer, token: number) => void;
  /** Names a try: of all that this process makes. */
  nextToken: () => number;
  close: () => Promise<void>;
}

/** The records cannot be read or written now. */
export class RecordsError extends Error {
  readonly code = 'RECORDS_UNAVAILABLE';
  override readonly name = 'RecordsError';
}

type Question = Extract<ThreadRequest, { number: number }>;
type Unnumbered<T> = T extends unknown ? Omit<T, 'number'> : never;

interface Open {
  question: Question;
  timer: NodeJS.Timeout;
  resolve: (reply: ThreadReply) => void;
  reject: (error: RecordsError) => void;
}

/** The worker's side of the file of records. Its thread starts with the first request that has a key. */
export function openRecords(
  path: string,
  onProblem: (kind: string, line: string) => void,
  { maxOpen = MAX_OPEN, withinMs = WITHIN_MS }: { maxOpen?: number; withinMs?: number } = {},
): Records {
  const open = new Map<number, Open>();
  let thread: Worker | undefined;
  let number = 0;
  let token = 0;

  const settle = (reply: ThreadReply): void => {
    const asked = open.get(reply.number);
    // It was given up, as the disk took too long.
    if (asked === undefined) return;
    open.delete(reply.number);
    clearTimeout(asked.timer);
    if (reply.failed === undefined) asked.resolve(reply);
    else asked.reject(new RecordsError(reply.failed));
  };
  const start = (): Worker => {
    const started = new Worker(moduleNear('./record-thread', import.meta.url), {
      workerData: { path } satisfies ThreadData,
    });
    started.on('message', (said: ThreadReply | ThreadProblem) => {
      if ('problem' in said) onProblem('damaged', said.problem);
      else settle(said);
    });
    started.on('error', (error: Error) =>
      onProblem('thread', `the thread of idempotency keys failed: ${error.message}`),
    );
    started.on('exit', () => {
      if (thread === started) thread = undefined;
      for (const { question } of [...open.values()])
        settle({ number: question.number, failed: 'the thread has ended' });
    });
    started.unref();
    return started;
  };
  const ask = (unnumbered: Unnumbered<Question>): Promise<ThreadReply> => {
    if (open.size >= maxOpen) return Promise.reject(new RecordsError(`${open.size} questions are open`));
    number += 1;
    const question = { ...unnumbered, number } as Question;
    thread ??= start();
    thread.postMessage(question);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        open.delete(question.number);
        // The thread may claim it yet: it comes to this after the claim.
        if (question.type === 'claim') thread?.postMessage({ ...question, type: 'free', number: 0 });
        reject(new RecordsError(`no answer within ${withinMs} ms`));
      }, withinMs);
      open.set(question.number, { question, timer, resolve, reject });
    });
  };

  return {
    async claim(id, body, token) {
      const { claimed } = await ask({ type: 'claim', id, body, token }).catch((error: Error) => {
        onProblem(
          'claim',
          `idempotency keys cannot be looked up, so requests that have one are refused: ${error.message}`,
        );
        throw error;
      });
      if (claimed!.kind !== 'replay' || claimed!.answer === undefined) return claimed!;
      return { kind: 'replay', answer: Buffer.from(claimed!.answer) };
    },
    async finish(id, token, answer) {
      await ask({ type: 'finish', id, token, answer }).catch((error: Error) =>
        onProblem('finish', `an answer to an idempotency key could not be kept: ${error.message}`),
      );
    },
    free(id, token) {
      ask({ type: 'free', id, token }).catch((error: Error) =>
        onProblem('free', `a record of an idempotency key could not be freed: ${error.message}`),
      );
    },
    nextToken() {
      token += 1;
      return token;
    },
    async close() {
      const running = thread;
      if (running === undefined) return;
      const ended = new Promise<void>((resolve) => running.once('exit', () => resolve()));
      running.ref();
      const late = setTimeout(() => void running.terminate(), CLOSE_MS);
      running.postMessage({ type: 'close' });
      await ended;
      clearTimeout(late);
    },
  };
}
