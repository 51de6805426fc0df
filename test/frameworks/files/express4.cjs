const express = require('express');

const app = express();
app.get('/', (_request, response) => response.send('<h1>Main page</h1>'));
app.get('/ip', (request, response) => response.send(request.ip));
app.post('/echo', express.json(), (request, response) => response.json(request.body));
if (process.argv[2] === 'listen') app.listen(3000);
module.exports = app;
