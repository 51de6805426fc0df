import { pbkdf2Sync } from 'node:crypto';
import express from 'express';

const app = express();
const page = (name, links = '') => `<h1>${name}</h1>${links}`;
app.get('/', (_request, response) =>
  response.send(
    page(
      'shop',
      '<a href="/news">n</a> <a href="/basket">b</a> <a href="/slow">s</a> <a href="/time">t</a> <a href="/sign-out">o</a> <a href="/events">e</a><a href="/broken">x</a>',
    ),
  ),
);
app.get('/news', (_request, response) => response.set('cache-control', 'public, max-age=60').send(page('news')));
app.get('/basket', (_request, response) => response.cookie('basket', '1').send(page('basket')));
app.get('/time', (_request, response) => response.send(page(process.hrtime.bigint())));
app.get('/slow', (_request, response) => response.send(page(price())));
app.get('/events', (_request, response) => response.type('text/event-stream').write('data: 1\n\n'));
app.get('/broken', (_request, response) => response.status(500).send('no'));

// Some 100 ms of work, however long that takes.
function price() {
  let text = '';
  for (let at = 0; at < 4_000; at++) text = pbkdf2Sync('a', text.slice(-8), 50, 16, 'sha256').toString('hex');
  return text.slice(0, 0);
}

setInterval(() => {}, 60_000);
app.listen(3000);
