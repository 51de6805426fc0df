import { defineScenario } from '../scenario.ts';

export default defineScenario({
  name: 'cold-start',
  title: 'Started in the middle of it',
  text: 'A server that has just been started, with nothing in its memory, gets the whole load at once, on new connections.',
  fresh: true,
  newConnections: true,
  parts: [{ seconds: 6, load: 0.5 }],
  thresholds: [
    'good_rate{route:home}: rate>=0.8',
    'good_rate: rate>=0.6',
    'lost_rate: rate<=0.02',
    'failed_rate: rate<=0.01',
    'alive: rate>=1',
  ],
});
