// node:cluster with its standard scheduling (round-robin); a worker that dies is forked again at once.
import cluster from 'node:cluster';

if (cluster.isPrimary) {
  let next = 1;
  const fork = () => cluster.fork({ PEER_WORKER: String(next++) });
  cluster.on('exit', (worker) => {
    if (!worker.exitedAfterDisconnect) fork();
  });
  process.on('SIGTERM', () => process.exit(0));
  for (let worker = 0; worker < Number(process.env.WORKERS ?? 1); worker += 1) fork();
} else {
  await import(process.env.PEER_SCRIPT ?? './plain.js');
}
