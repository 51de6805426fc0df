import { io } from 'socket.io-client';

const [port, clients, transports] = process.argv.slice(2);
const pids = new Set();
const failures = [];

async function visit() {
  const socket = io(`http://127.0.0.1:${port}`, { transports: transports.split(','), forceNew: true });
  socket.on('connect_error', (error) => failures.push(error.message));
  socket.on('disconnect', (why) => failures.push(why));
  for (let left = 3; left > 0; left--) {
    try {
      pids.add(await socket.timeout(5_000).emitWithAck('who'));
    } catch (error) {
      failures.push(error.message);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  socket.off('disconnect');
  socket.close();
}

await Promise.all(Array.from({ length: Number(clients) }, visit));
process.stdout.write(JSON.stringify({ pids: [...pids], failures }), () => process.exit());
