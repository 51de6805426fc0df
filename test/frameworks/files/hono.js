import { serve } from '@hono/node-server';
import { Hono } from 'hono';

const app = new Hono();
app.get('/', (context) => context.html('<h1>Main page</h1>'));
app.get('/ip', (context) => context.text(context.env.incoming.socket.remoteAddress));
app.post('/echo', async (context) => context.json(await context.req.json()));
if (process.argv[2] === 'listen') serve({ fetch: app.fetch, port: 3000 });
export default app;
