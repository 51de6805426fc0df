// Plain Koa: alone, and as the origin behind nginx and Varnish. With PEER_TOOBUSY=1 guarded by toobusy-js.
import Koa from 'koa';
import { answer } from './routes.js';

const app = new Koa();
if (process.env.PEER_TOOBUSY === '1') {
  const { default: tooBusy } = await import('toobusy-js'); // standard settings: lag over 70 ms, checked every 500 ms
  app.use((context, next) => {
    if (!tooBusy()) return next();
    context.status = 503;
    context.body = "I'm busy right now, sorry.\n";
  });
}
app.use(async (context) => {
  const { status, headers, body } = await answer(context.url);
  context.status = status;
  context.set(headers);
  context.body = body;
});
app.listen(Number(process.env.PORT), '127.0.0.1');
