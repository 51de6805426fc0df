import { defineScenario } from '../scenario.ts';

export default defineScenario({
  name: 'steady',
  title: 'A usual day',
  text: 'Visitors at half of the capacity. Whatever goes wrong here goes wrong every day.',
  smoke: true,
  parts: [{ seconds: 8, load: 0.5 }],
  thresholds: [
    'good_rate: rate>=0.7',
    'good_rate{route:home}: rate>=0.95',
    'lost_rate: rate<=0.002',
    'failed_rate: rate<=0.002',
    'alive: rate>=1',
  ],
});
