import type { Mutant } from '../mutant.ts';

const at = (file: string, test = file): Pick<Mutant, 'file' | 'test'> => ({
  file: `request/connection/${file}.ts`,
  test: `engine/request/${test}.test.ts`,
});

export const CONNECTION: readonly Mutant[] = [
  {
    ...at('ahead'),
    name: 'a client may send any number of requests ahead',
    text: 'if (this.counted + chunk.length > MAX_AHEAD_BYTES) return false;',
    to: '',
  },
  {
    ...at('ahead'),
    name: 'all clients together may send any number ahead',
    text: 'if (aheadOfAll.bytes + chunk.length > aheadOfAll.maxBytes) return false;',
    to: '',
  },
  { ...at('ahead'), name: 'what was held ahead counts for ever', text: 'aheadOfAll.bytes -= this.counted;', to: '' },
  {
    ...at('stalled'),
    name: 'a client that takes nothing is never cut',
    text: 'now - before.since >= stalledMs',
    to: 'false',
  },
  {
    ...at('stalled'),
    name: 'a client that takes its answer slowly is cut',
    text: 'before === undefined || before.taken !== taken',
    to: 'before === undefined',
  },
  {
    ...at('stalled'),
    name: 'a client is cut while nothing waits for it',
    text: 'if (socket.writableLength === 0 && !socket.readableEnded) {',
    to: 'if (false) {',
  },
  {
    ...at('front-connection', 'front'),
    name: 'several requests of a connection are at work',
    text: 'if (this.busy) {',
    to: 'if (false) {',
  },
  {
    ...at('front-connection', 'front'),
    name: 'a client with many requests ahead keeps the loop',
    text: 'inLaterTurn(() => this.goOn());',
    to: 'this.goOn();',
  },
  {
    ...at('front-connection', 'front'),
    name: 'a client that reads nothing gets answers without end',
    text: 'else if (socket.writableNeedDrain) {',
    to: 'else if (false) {',
  },
  {
    ...at('front-connection', 'front'),
    name: 'a client that left is worked for',
    text: 'this.exchange?.closed();',
    to: '',
  },
  {
    ...at('front', 'front'),
    name: 'a silent connection stays for ever',
    text: 'if (connection.dueAt <= front.now) connection.due();',
    to: '',
  },
  {
    ...at('front', 'front'),
    name: 'a server that leaves keeps idle connections',
    text: 'if (idle && socket.writableLength === 0) socket.end();',
    to: 'void (idle && socket);',
  },
  {
    ...at('paced'),
    name: 'node:http has several requests of a connection at once',
    text: 'if (this.unanswered > 0 && this.request!.complete) {',
    to: 'if (false) {',
  },
  {
    ...at('paced'),
    name: 'an error is written into an answer that is half out',
    text: 'if (this.unanswered > 0 && this.response!.headersSent) {',
    to: 'if (false) {',
  },
  {
    ...at('paced'),
    name: 'an answered client gets an error for what it sent before',
    text: 'if (!answered) socket.write(answer);',
    to: 'socket.write(answer);',
  },
  {
    ...at('paced'),
    name: 'an answer is lost to a client that sends on',
    text: 'if (sends && !socket.readableEnded) closeWhileItSends(socket);\n    else ',
    to: '',
  },
  {
    ...at('closing', 'paced'),
    name: 'what comes after the last answer has no bound in bytes',
    text: 'if (dropped > LINGER_BYTES) socket.destroy();',
    to: '',
  },
  {
    ...at('closing', 'paced'),
    name: 'what comes after the last answer has no bound in time',
    text: 'setTimeout(() => socket.destroy(), LINGER_MS)',
    to: 'setTimeout(() => {}, LINGER_MS)',
  },
  {
    ...at('closing', 'paced'),
    name: 'who ends his side has always left',
    text: 'now - askedAt > HALF_CLOSE_MS',
    to: 'true',
  },
  {
    ...at('closing', 'paced'),
    name: 'who ends his side has never left',
    text: 'now - askedAt > HALF_CLOSE_MS',
    to: 'false',
  },
  {
    ...at('later-turn'),
    name: 'requests ahead have no bound in a turn',
    text: ' && performance.now() < until',
    to: '',
  },
  {
    ...at('haste', 'direct'),
    name: 'who ignores Retry-After is refused at once',
    text: 'if (this.times <= FREE || takesOfBudget(now)) return 0;',
    to: 'return 0;',
  },
  { ...at('haste', 'direct'), name: 'the budget for the hasty is never used up', text: 'budget.left -= 1;', to: '' },
  { ...at('plain-get'), name: 'a request with two hosts is plain', text: 'hosts === 1', to: 'hosts >= 1' },
  { ...at('plain-get'), name: 'a request with a body is plain', text: "  'content-length',\n", to: '' },
  {
    file: 'request/arrival.ts',
    test: 'engine/request/host.test.ts',
    name: 'two hosts are as good as one',
    text: 'plain === undefined && !hasOneHost(request)',
    to: 'false',
  },
  {
    file: 'request/connection/upgrades.ts',
    test: 'engine/request/upgrades.test.ts',
    name: 'a site that throws on an upgrade ends the worker',
    text: 'guarded(site.upgrade?.bind(site), false, onSiteError)',
    to: 'site.upgrade!.bind(site)',
  },
];
