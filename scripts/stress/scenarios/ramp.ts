import { defineScenario } from '../scenario.ts';

export default defineScenario({
  name: 'ramp',
  title: 'More and more visitors',
  text: 'The load rises in steps from a fifth of the capacity to one and a half, as on the evening of a campaign.',
  parts: [0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5].map((load) => ({ seconds: 2, load, peak: load >= 1.25 })),
  env: { TAHAN_WORKERS_MIN: '1', TAHAN_WORKERS_MAX: '2' },
  thresholds: [
    'good_rate{route:home}: rate>=0.85',
    'goodput{route:work}: value>=0.1',
    'lost_rate: rate<=0.02',
    'failed_rate: rate<=0.01',
    'alive: rate>=1',
  ],
});
