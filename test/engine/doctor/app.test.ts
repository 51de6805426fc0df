import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { spawnServer, TAHAN } from '../../cluster/server.ts';

// `tahan doctor FILE` on a real app; on others in test/frameworks/doctor.trial.ts.

test('of an Express app it tells the door, the pages, what holds the loop, and what a reload takes away', async () => {
  const file = fileURLToPath(new URL('./files/shop.mjs', import.meta.url));
  const { exited, output: written } = spawnServer({}, { command: [TAHAN, 'doctor', file] });
  const code = await exited;
  const output = written();
  expect(output).toMatch(/framework {2}Express 5\./);
  expect(output).toContain('it listens by itself (port 3000), and is taken over');
  expect(output).toMatch(/^\+ \/ .*the same twice, sets no cookie$/m);
  expect(output).toMatch(/^✓ \/news .*public, max-age=60/m);
  expect(output).toMatch(/^- \/basket .*it sets a cookie \(basket\)$/m);
  expect(output).toMatch(/^- \/time .*two answers to one request differ/m);
  expect(output).toMatch(/^- \/events .*a stream of events$/m);
  expect(output).toMatch(/^✗ \/broken .*it answers 500$/m);
  expect(output).not.toContain('/sign-out');
  expect(output).toMatch(/^✗ \d+ ms {2}price \(.*shop\.mjs:\d+\).*with \/slow/m);
  expect(output).toMatch(/^- a timer every 60 s \(.*shop\.mjs:\d+\)/m);
  // The timers and servers are those of the app, not Tahan's own.
  expect(output.match(/a timer every/g)).toHaveLength(1);
  expect(output).not.toContain('WebSockets');
  expect(code).toBe(1);
});
