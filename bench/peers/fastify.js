// Fastify guarded by @fastify/under-pressure; see README.md for why these bounds.
import underPressure from '@fastify/under-pressure';
import Fastify from 'fastify';
import { answer } from './routes.js';

const app = Fastify();
await app.register(underPressure, {
  maxEventLoopDelay: Number(process.env.PEER_MAX_LAG_MS ?? 100),
  maxEventLoopUtilization: 0.98,
});
app.get('*', async (request, reply) => {
  const { status, headers, body } = await answer(request.url);
  return reply.code(status).headers(headers).send(body);
});
await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' });
