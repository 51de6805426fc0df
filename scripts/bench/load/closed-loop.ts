import { createConnections, type Exchange } from './connections.ts';

export interface Throughput {
  requestsPerSecond: number;
  /** Answers with another status than 2xx or 3xx, and broken connections. */
  errors: number;
}

export interface ClosedLoad {
  port: number;
  path: string;
  seconds: number;
  connections: number;
  headers?: Record<string, string>;
}

/** Keeps `connections` requests in flight for `seconds`, on kept connections. */
export async function closedLoop({ port, path, seconds, connections, headers = {} }: ClosedLoad): Promise<Throughput> {
  const pool = createConnections({ host: '127.0.0.1', port }, true);
  const fields = Object.entries({ Host: `127.0.0.1:${port}`, ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  const request = Buffer.from(`GET ${path} HTTP/1.1\r\n${fields.join('')}\r\n`, 'latin1');
  const start = performance.now();
  let completed = 0;
  let errors = 0;
  let inFlight = connections;
  await new Promise<void>((resolve) => {
    const send = (): void => {
      const exchange: Exchange = {
        request,
        settled: false,
        reused: false,
        connection: undefined,
        settle(head) {
          exchange.settled = true;
          if (head !== undefined && head.status < 400) completed += 1;
          else errors += 1;
          if (performance.now() - start < seconds * 1000) setImmediate(send);
          else if (--inFlight === 0) resolve();
        },
      };
      pool.send(exchange);
    };
    for (let sender = 0; sender < connections; sender += 1) send();
  });
  pool.close();
  return { requestsPerSecond: completed / ((performance.now() - start) / 1000), errors };
}
