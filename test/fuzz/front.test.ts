import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { rawHeadersOf } from '../../src/engine/request/connection/plain-get.ts';
import { createPortServer, REQUEST_HEAD_BYTES } from '../../src/engine/request/connection/port-server.ts';
import { readAnswers, type WireAnswer } from './answers.ts';
import { type Conversation, conversations } from './messages.ts';

const RUNS = Number(process.env.FUZZ_RUNS ?? 2_000);
const SEED = Number(process.env.FUZZ_SEED ?? 1);
const LIMITS = { headerTimeoutMs: 10_000, requestTimeoutMs: 10_000, keepAliveMs: 10_000, maxConnections: 1_000 };
/** No conversation takes so long, ms. */
const STUCK_MS = 10_000;

/** A request as a listener, or the quick answer, has it. */
interface Heard {
  what: string;
  rawHeaders: string[];
  body: string;
  complete: boolean;
}

/** One of the two servers. */
interface Side {
  server: Server;
  /** What was heard in this conversation. */
  heard: Heard[];
  late: boolean;
}

const listenerOf =
  (side: Side): RequestListener =>
  (request: IncomingMessage, response: ServerResponse) => {
    const heard: Heard = {
      what: `${request.method} ${request.url} ${request.httpVersion}`,
      rawHeaders: request.rawHeaders,
      body: '',
      complete: false,
    };
    side.heard.push(heard);
    const answer = (): void => {
      if (request.method === 'HEAD') response.setHeader('x-head', '1');
      response.end(`${request.method} ${request.url}`);
    };
    request.setEncoding('latin1');
    request.on('data', (part: string) => {
      heard.body += part;
    });
    request.on('error', () => {});
    request.on('end', () => {
      heard.complete = request.complete;
      if (side.late) answer();
    });
    if (!side.late) answer();
  };

const side = (): Side => ({ server: createServer(), heard: [], late: false });
const [plain, front] = [side(), side()];
/** In this conversation node:http has declined an upgrade, as it does where nobody listens for one. */
let declinedUpgrade = false;

beforeAll(async () => {
  const shouldUpgradeCallback = (): boolean => {
    declinedUpgrade = true;
    return false;
  };
  plain.server = createServer(
    { maxHeaderSize: REQUEST_HEAD_BYTES, noDelay: true, shouldUpgradeCallback },
    listenerOf(plain),
  );
  plain.server.on('checkContinue', listenerOf(plain));
  (plain.server as unknown as { httpAllowHalfOpen: boolean }).httpAllowHalfOpen = true;
  front.server = createPortServer(
    LIMITS,
    listenerOf(front),
    () => {},
    (get) => {
      if (!get.target.startsWith('/quick')) return undefined;
      front.heard.push({
        what: `GET ${get.target} 1.1`,
        rawHeaders: rawHeadersOf(get),
        body: '',
        complete: true,
      });
      const body = `GET ${get.target}`;
      const connection = get.close ? 'close' : 'keep-alive';
      const head = `HTTP/1.1 200 OK\r\nconnection: ${connection}\r\ncontent-length: ${body.length}\r\n\r\n`;
      return { head: Buffer.from(head), body: Buffer.from(body), close: get.close };
    },
  ).server;
  for (const { server } of [plain, front]) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  for (const { server } of [plain, front]) {
    server.close();
    server.closeAllConnections();
  }
});

/** A connection is at rest when nothing has come in so many turns of the loop, which serves both its ends. */
const AT_REST_TURNS = 12;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Sends a conversation, ends the client's side, and waits for the server's end. The front has the end right behind the
 * bytes; node:http loses answers by that (it ends its side with the first), and has it when it is at rest.
 */
async function talk({ server }: Side, { bytes, cuts }: Conversation): Promise<WireAnswer[]> {
  const { port } = server.address() as AddressInfo;
  const accepted = once(server, 'connection');
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  let text = '';
  const ended = new Promise<void>((resolve, reject) => {
    const stuck = setTimeout(() => reject(new Error(`no end, but ${JSON.stringify(text)}`)), STUCK_MS);
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', () => {});
    for (const event of ['end', 'close'] as const)
      socket.on(event, () => {
        clearTimeout(stuck);
        resolve();
      });
  });
  await Promise.all([once(socket, 'connect'), accepted]);
  let at = 0;
  for (const length of cuts) {
    socket.write(bytes.subarray(at, at + length));
    at += length;
    for (let n = 0; n < 3; n++) await turn();
  }
  socket.write(bytes.subarray(at));
  const atRest = async (): Promise<void> => {
    for (let [rest, before] = [0, text]; rest < AT_REST_TURNS; rest = before === text ? rest + 1 : 0) {
      before = text;
      await turn();
    }
  };
  if (server === plain.server) await atRest();
  socket.end();
  if (server === plain.server) {
    // After some upgrades it waits for ever.
    await atRest();
    socket.destroy();
  }
  await ended;
  socket.destroy();
  return readAnswers(text);
}

type Difference = 'none' | 'no second answer' | 'answers what came before' | 'goes on after an upgrade';

/** What the client can tell apart; the words of an error are each server's own. */
const seen = ({ status, framing, body, headers }: WireAnswer): unknown =>
  status >= 400 ? Math.floor(status / 100) : [status, framing, body, headers.get('connection')];

/** An error that is written without a request: node:http's own answers carry a date, as those of any listener. */
const isParserError = (answer: WireAnswer | undefined): boolean =>
  answer !== undefined && answer.status >= 400 && !answer.headers.has('date');

/** The differences that docs/security.md has a row for; undefined: any other. */
function known(ours: WireAnswer[], theirs: WireAnswer[]): Difference | undefined {
  const [mine, its] = [ours, theirs].map((answers) =>
    (isParserError(answers.at(-1)) ? answers.slice(0, -1) : answers).map((answer) => JSON.stringify(seen(answer))),
  ) as [string[], string[]];
  if (its.some((answer, n) => mine[n] !== answer)) return undefined;
  if (declinedUpgrade && ours.length > theirs.length) return 'goes on after an upgrade';
  if (mine.length > its.length) {
    // Each is the answer to a request that both have heard, or that node:http answers itself.
    const byNode = ours.filter(({ status, headers }) => status >= 400 && headers.has('date')).length;
    return mine.length <= front.heard.length + byNode ? 'answers what came before' : undefined;
  }
  const [told, said] = [ours.length > mine.length, theirs.length > its.length];
  if (told === said) return 'none';
  if (mine.length === 0) return undefined;
  // node:http only cuts where the answer before is not out yet.
  return said ? 'no second answer' : 'answers what came before';
}

test(`${RUNS} conversations are the same to the front and to node:http`, async () => {
  const met = new Map<Difference, number>();
  await fc.assert(
    fc.asyncProperty(conversations, async (conversation) => {
      const answers: WireAnswer[][] = [];
      declinedUpgrade = false;
      for (const one of [front, plain]) {
        one.heard = [];
        one.late = conversation.late;
        answers.push(await talk(one, conversation));
      }
      const [ours, theirs] = answers as [WireAnswer[], WireAnswer[]];
      // Behind an upgrade node:http drops what came in the same read; behind a last answer it still asks the listener.
      const last = ours.at(-1)?.headers.get('connection') === 'close';
      const common = Math.min(front.heard.length, plain.heard.length);
      expect(front.heard.slice(0, declinedUpgrade ? common : undefined)).toEqual(
        plain.heard.slice(0, last ? common : undefined),
      );
      const difference = known(ours, theirs);
      if (difference === undefined) expect(ours.map(seen)).toEqual(theirs.map(seen));
      else met.set(difference, (met.get(difference) ?? 0) + 1);
    }),
    { seed: SEED, numRuns: RUNS, verbose: fc.VerbosityLevel.None, endOnFailure: RUNS > 2_000 },
  );
  // Enough of them are good for the rest to mean something, and each known difference was met.
  expect(met.get('none')).toBeGreaterThan(RUNS / 2);
  expect([...met.keys()].sort()).toEqual([
    'answers what came before',
    'goes on after an upgrade',
    'no second answer',
    'none',
  ]);
}, 3_600_000);
