import { defineScenario } from '../scenario.ts';

export default defineScenario({
  name: 'all-blocked',
  title: 'All workers are blocked',
  text: 'For three seconds no worker does anything: an endless loop, a query without an index. The lifeboat gives the main page meanwhile.',
  newConnections: true,
  parts: [{ seconds: 13, load: 0.3 }],
  fault: { name: 'all-blocked', at: 0.2, seconds: 3 },
  thresholds: [
    'good_rate{route:home}: rate>=0.65',
    'lifeboat: max>=1',
    'gap{route:home}: max<=2s',
    'lost_rate: rate<=0.15',
    'recovery: max<3s',
    'alive: rate>=1',
  ],
});
