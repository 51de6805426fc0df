import { defineScenario } from '../scenario.ts';

export default defineScenario({
  name: 'memory-leak',
  title: 'A leak of memory',
  text: 'A worker keeps some 200 MiB a second until it is over its limit. It must be replaced before it takes the machine down, and nobody may notice.',
  parts: [{ seconds: 10, load: 0.3 }],
  env: { TAHAN_RSS_SOFT_MB: '400', TAHAN_RSS_HARD_MB: '600' },
  fault: { name: 'memory-leak', at: 0.2, seconds: 4 },
  thresholds: [
    'good_rate{route:home}: rate>=0.8',
    'good_rate: rate>=0.5',
    'worker_mb: max<1500',
    'lost_rate: rate<=0.03',
    'alive: rate>=1',
  ],
});
