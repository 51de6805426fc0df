import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { type Reception, standBefore } from '../../../src/engine/lifeboat/reception.ts';
import { MAX_HELD, WaitingRoom } from '../../../src/engine/lifeboat/waiting-room.ts';
import { attach } from '../../../src/engine/request/connection/raw-connection.ts';

const open: (Server | Socket)[] = [];
afterEach(() => {
  for (const one of open.splice(0)) {
    if ('closeAllConnections' in one) {
      one.close();
      one.closeAllConnections();
    } else one.destroy();
  }
});

const echo = (name: string): Server => {
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    response.end(`${name} ${request.url} ${body}`);
  });
  open.push(server);
  return server;
};

interface Boat {
  port: number;
  room: WaitingRoom;
  reception: Reception;
  worker: Server;
}

/** A lifeboat that answers `/here`, and a server that stands for the workers. */
async function start(headerTimeoutMs = 10_000, given?: WaitingRoom): Promise<Boat> {
  const boat = echo('boat');
  const worker = echo('worker');
  const room: WaitingRoom =
    given ??
    new WaitingRoom({
      handBack(id, bytes, handle) {
        attach(worker, handle, bytes);
        // In one process there is one descriptor, not a copy for each: the room's part of it must not close it.
        const { close } = handle;
        handle.close = () => {};
        room.handed(id, true);
        handle.close = close;
      },
      giveUp: (handle, bytes) => reception.answerHere(handle, bytes),
      prefix: 'x',
      now: () => performance.now(),
    });
  const reception = standBefore(boat, headerTimeoutMs, (bytes) => bytes.includes('GET /here '), room);
  await new Promise<void>((resolve) => boat.listen(0, '127.0.0.1', resolve));
  return { port: (boat.address() as AddressInfo).port, room, reception, worker };
}

interface Client {
  socket: Socket;
  /** All that came, when it contains the text. */
  until: (text: string) => Promise<string>;
}
function client(port: number): Client {
  const socket = connect(port, '127.0.0.1');
  open.push(socket);
  let all = '';
  return {
    socket,
    until: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (all.includes(text)) resolve(all);
        };
        socket.on('data', (chunk: Buffer) => {
          all += chunk.toString();
          look();
        });
        socket.on('close', () => reject(new Error(`closed after: ${all}`)));
        look();
      }),
  };
}
const until = async (holds: () => boolean): Promise<void> => {
  for (const end = Date.now() + 30_000; !holds(); ) {
    if (Date.now() > end) throw new Error('not within 5 s');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

describe('a connection of the lifeboat', () => {
  test('is answered here when it can be, with the parser of node:http', async () => {
    const { port, room } = await start();
    const { socket, until: answer } = client(port);
    socket.write('GET /here HTTP/1.1\r\nhost: x\r\n\r\n');
    expect(await answer('boat /here')).toMatch(/^HTTP\/1\.1 200/);
    expect(room.size).toBe(0);
  });

  test('is held otherwise, with a body half sent, and given on whole', async () => {
    const { port, room } = await start();
    const { socket, until: answer } = client(port);
    socket.write('POST /form HTTP/1.1\r\nhost: x\r\ncontent-length: 8\r\n\r\nfour');
    await until(() => room.size === 1);
    // What comes while it is held waits in the kernel.
    socket.write('more');
    room.openDoor();
    expect(await answer('worker /form fourmore')).toMatch(/^HTTP\/1\.1 200/);
    // And the connection goes on there.
    socket.write('GET /next HTTP/1.1\r\nhost: x\r\n\r\n');
    await answer('worker /next');
  });

  test('is answered here after all when it was held in vain', async () => {
    const { port, room } = await start();
    const { socket, until: answer } = client(port);
    const since = performance.now();
    socket.write('GET /elsewhere HTTP/1.1\r\nhost: x\r\n\r\n');
    await answer('boat /elsewhere');
    expect(performance.now() - since).toBeGreaterThan(1_400);
    expect(room.size).toBe(0);
  });

  test('is answered here at once when there is no room', async () => {
    const full = new WaitingRoom({ handBack: () => {}, giveUp: () => {}, prefix: 'x', now: () => performance.now() });
    for (let n = 0; n < MAX_HELD; n += 1) full.hold({ close: () => {} }, Buffer.alloc(0));
    const { port } = await start(10_000, full);
    const { socket, until: answer } = client(port);
    const since = performance.now();
    socket.write('GET /elsewhere HTTP/1.1\r\nhost: x\r\n\r\n');
    await answer('boat /elsewhere');
    expect(performance.now() - since).toBeLessThan(1_400);
    await until(() => full.size === 0);
  });

  test('that has asked nothing yet goes to a worker too', async () => {
    const { port, room, reception } = await start();
    const { socket, until: answer } = client(port);
    await new Promise((resolve) => socket.once('connect', resolve));
    await until(() => {
      reception.letGo();
      return room.size === 1;
    });
    room.openDoor();
    socket.write('GET /late HTTP/1.1\r\nhost: x\r\n\r\n');
    await answer('worker /late');
  });

  test('that asks nothing is closed after the time for a head', async () => {
    const { port } = await start(100);
    const { socket } = client(port);
    await new Promise((resolve) => socket.once('close', resolve).resume());
  });
});
