import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A service elsewhere that a page of the lab asks; how slowly it answers can be changed. */
export interface Upstream {
  url: string;
  setDelay: (ms: number) => void;
  close: () => Promise<void>;
}

const USUAL_MS = 20;

export async function startUpstream(): Promise<Upstream> {
  let delayMs = USUAL_MS;
  const server = createServer((_, response) => {
    setTimeout(() => response.end('upstream'), delayMs);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    setDelay(ms) {
      delayMs = ms;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
