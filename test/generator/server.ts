// Answers each request after a millisecond of work: so that the server is what limits, and not who asks.
import { createServer } from 'node:http';

const WORK_MS = 1;
createServer((_, response) => {
  const { user, system } = process.cpuUsage();
  const spent = (): number => {
    const now = process.cpuUsage();
    return (now.user + now.system - user - system) / 1_000;
  };
  while (spent() < WORK_MS);
  response.end('done\n');
}).listen(Number(process.env.PORT), '127.0.0.1');
