// An Express app that degrades part by part with the tools of Tahan; under plain node they work, too.
import express from 'express';
import { feature, fragment } from '../../../../src/engine/index.ts';

const faults = { shop: '', counts: '' };
const suffer = async (name) => {
  if (faults[name] === 'error') throw new Error(`${name} is broken`);
  if (faults[name] === 'slow') await new Promise((resolve) => setTimeout(resolve, 500));
  if (faults[name] === 'hang') await new Promise(() => {});
};

feature('shop', { deadlineMs: 300 });
const app = express();
app.get('/fault', (request, response) => {
  Object.assign(faults, request.query);
  response.send('done');
});
app.get('/', async (_request, response) => {
  const counts = await fragment('counts', { ttlMs: 0, deadlineMs: 200 }, async () => {
    await suffer('counts');
    return '<b>42 members</b>';
  });
  response.send(`<h1>Home</h1>${counts.value ?? '<p>The numbers are taking a break.</p>'} (${counts.state})`);
});
app.get('/shop', async (_request, response) => {
  await suffer('shop');
  response.send('the shop');
});
app.get('/news', (_request, response) => response.send('the news'));
app.use((_error, _request, response, _next) => response.status(500).send('failed'));
app.listen(process.env.PORT ?? 3000);
