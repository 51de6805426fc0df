import Koa from 'koa';

const app = new Koa();
app.use(async (context) => {
  if (context.path === '/') context.body = '<h1>Main page</h1>';
  else if (context.path === '/ip') context.body = context.ip;
  else if (context.path === '/pid') context.body = String(process.pid);
  else if (context.path === '/json') context.body = { url: context.url, query: context.query };
  else if (context.path === '/slow') {
    await new Promise((resolve) => setTimeout(resolve, 200));
    context.body = 'slow';
  }
});
app.listen(process.env.PORT || 3000);
