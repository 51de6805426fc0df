import { defineScenario } from '../scenario.ts';

export default defineScenario({
  name: 'all-killed',
  title: 'All workers are killed at once',
  text: 'Nobody of the site is left for a while. The lifeboat gives the main page until new workers are there.',
  newConnections: true,
  parts: [{ seconds: 14, load: 0.3 }],
  fault: { name: 'all-killed', at: 0.3, seconds: 0 },
  thresholds: [
    'good_rate{route:home}: rate>=0.8',
    'good_rate: rate>=0.4',
    'lifeboat: max>=1',
    'gap{route:home}: max<=1s',
    'lost_rate: rate<=0.1',
    'recovery: max<8s',
    'alive: rate>=1',
  ],
});
