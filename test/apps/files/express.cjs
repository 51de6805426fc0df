const express = require('express');

const app = express();
app.get('/', (_request, response) => response.send('<h1>Main page</h1>'));
app.get('/ip', (request, response) => response.send(request.ip));
app.get('/json', (request, response) => response.json({ url: request.originalUrl, query: request.query }));
app.get('/pid', (_request, response) => response.send(String(process.pid)));
app.get('/slow', (_request, response) => setTimeout(() => response.send('slow'), 200));
app.get('/users/:id', (request, response) => response.send(`user ${request.params.id}`));
app.post('/form', express.urlencoded({ extended: false }), (request, response) => response.json(request.body));
app.listen(process.env.PORT || 3000);
