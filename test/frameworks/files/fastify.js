import Fastify from 'fastify';

const app = Fastify();
app.get('/', (_request, reply) => reply.type('text/html').send('<h1>Main page</h1>'));
app.get('/ip', (request) => request.ip);
app.post('/echo', (request) => request.body);
if (process.argv[2] === 'listen') await app.listen({ port: 3000 });
export default app;
