const express = require('express');

const app = express();
app.get('/', (_request, response) => response.send('<h1>well</h1>'));
module.exports = app;
