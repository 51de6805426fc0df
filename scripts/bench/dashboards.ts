import { request } from 'node:http';

/** What a page of `/ops` asks for beside its stream, and how often, ms. */
const REFRESH_MS = 2_000;
const SPAN_MS = 900_000;
const POINTS = 600;

export interface Dashboards {
  /** Samples that came over all streams. */
  readonly samples: number;
  close: () => void;
}

/** Opens so many dashboards: of each its stream, and the requests by which its charts go with the time. */
export function openDashboards(adminPort: number, count: number): Dashboards {
  const closing = new AbortController();
  let samples = 0;
  const ask = (path: string, onData: (text: string) => void = () => {}): void => {
    const asked = request(
      { host: '127.0.0.1', port: adminPort, path: `/ops/api/${path}`, signal: closing.signal },
      (response) => {
        response.setEncoding('utf8');
        response.on('data', onData);
        response.on('error', () => {}); // closed by us, or the server ends: the count tells
      },
    );
    asked.on('error', () => {}); // as above
    asked.end();
  };
  const refresh = (): void => {
    const to = Math.ceil(Date.now() / REFRESH_MS) * REFRESH_MS;
    const range = `from=${to - SPAN_MS}&to=${to}`;
    ask(`history?${range}&points=${POINTS}`);
    ask(`events?${range}`);
  };
  for (let number = 0; number < count; number += 1)
    ask('stream', (text) => {
      samples += text.split('event: sample').length - 1;
    });
  // They were opened by different people: one after the other is due, each once in the time.
  const timer = setInterval(refresh, REFRESH_MS / Math.max(1, count));
  if (count === 0) clearInterval(timer);
  return {
    get samples() {
      return samples;
    },
    close() {
      clearInterval(timer);
      closing.abort();
    },
  };
}
