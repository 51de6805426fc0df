import { defineScenario } from '../scenario.ts';

export default defineScenario({
  name: 'reload',
  title: 'A new version goes live',
  text: 'The server is reloaded under load: new workers take over one by one, and nobody may notice.',
  parts: [{ seconds: 12, load: 0.35 }],
  fault: { name: 'reload', at: 0.25, seconds: 0 },
  thresholds: [
    'good_rate: rate>=0.7',
    'good_rate{route:home}: rate>=0.8',
    'lost_rate: rate<=0.005',
    'failed_rate: rate<=0.005',
    'gap{route:home}: max<=1s',
    'alive: rate>=1',
  ],
});
