import { Agent, type IncomingMessage, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

/** What the waiting room told a person. Times: `performance.now()`. */
export interface Told {
  at: number;
  place: number;
  seconds: number;
}

/** What became of one. */
export interface Person {
  member: boolean;
  cameAt: number;
  /** Of the first ticket, as the server orders by it; undefined: let in without one. */
  order: number | undefined;
  /** Since its second look: from then on a ticket counts. */
  told: Told[];
  landedAt: number | undefined;
  leftAt: number | undefined;
  failed: string | undefined;
}

/** Open connections of all. */
export const connections = { now: 0, most: 0 };

interface Answer {
  status: number;
  body: string;
  again: number;
  cookies: readonly string[];
}

/** Comes with a connection of one's own, waits as told, and stays until let in or until `patienceMs` are over. */
export async function comeAndWait(port: number, member: boolean, patienceMs: number): Promise<Person> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const jar = new Map<string, string>(member ? [['member', '1']] : []);
  const person: Person = {
    member,
    cameAt: performance.now(),
    order: undefined,
    told: [],
    landedAt: undefined,
    leftAt: undefined,
    failed: undefined,
  };
  try {
    for (;;) {
      const { status, body, again, cookies } = await askAgain(port, agent, jar);
      const now = performance.now();
      if (status === 200) {
        person.landedAt = now;
        return person;
      }
      if (status !== 503) throw new Error(`answered with ${status}`);
      for (const line of cookies) {
        const [name = '', value = ''] = line.split(';')[0]!.split('=');
        jar.set(name, value);
      }
      const ticket = jar.get('tahan_ticket')?.split('.');
      if (ticket !== undefined && person.order === undefined)
        person.order = Number.parseInt(ticket[2]!, 36) + Number.parseInt(ticket[3]!, 36) / 2 ** 24;
      else if (ticket !== undefined) {
        const { waiting } = JSON.parse(body) as { waiting?: { place: number; seconds: number } };
        if (waiting !== undefined) person.told.push({ at: now, place: waiting.place, seconds: waiting.seconds });
      }
      const leavesIn = person.cameAt + patienceMs - now;
      await delay(Math.max(0, Math.min(again * 1_000, leavesIn)));
      if (again * 1_000 >= leavesIn) {
        person.leftAt = performance.now();
        return person;
      }
    }
  } catch (error) {
    person.failed = (error as Error).message;
    return person;
  } finally {
    agent.destroy();
  }
}

/** The server ends a connection that rests just when it is used again: a browser sends such a GET once more. */
async function askAgain(port: number, agent: Agent, jar: ReadonlyMap<string, string>): Promise<Answer> {
  try {
    return await ask(port, agent, jar);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error;
    return ask(port, agent, jar);
  }
}

function ask(port: number, agent: Agent, jar: ReadonlyMap<string, string>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const sent = request(
      { host: '127.0.0.1', port, path: '/', agent, headers: { accept: 'application/json', cookie }, timeout: 20_000 },
      (response: IncomingMessage) => {
        let body = '';
        response.on('data', (chunk: Buffer) => {
          body += chunk.toString();
        });
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            body,
            again: Number(response.headers['retry-after'] ?? 1),
            cookies: response.headers['set-cookie'] ?? [],
          }),
        );
      },
    );
    sent.once('socket', (socket) => {
      if (sent.reusedSocket) return;
      connections.now += 1;
      connections.most = Math.max(connections.most, connections.now);
      socket.once('close', () => {
        connections.now -= 1;
      });
    });
    sent.on('timeout', () => sent.destroy(new Error('no answer within 20 s')));
    sent.on('error', reject);
    sent.end();
  });
}
