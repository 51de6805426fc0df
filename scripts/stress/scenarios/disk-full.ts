import { defineScenario } from '../scenario.ts';

export default defineScenario({
  name: 'disk-full',
  title: 'The disk is full',
  text: 'For four seconds no file can grow. Pages are served on; a write fails with a page that says so, and works again afterwards.',
  parts: [{ seconds: 10, load: 1 }],
  journeys: { visits: 4 },
  fault: { name: 'disk-full', at: 0.3, seconds: 4 },
  thresholds: [
    'good_rate{step:home}: rate>=0.85',
    'good_rate{step:posts}: rate>=0.8',
    'lost_rate: rate<=0.02',
    'alive: rate>=1',
  ],
});
