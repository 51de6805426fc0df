import { defineScenario } from '../scenario.ts';

export default defineScenario({
  name: 'worker-killed',
  title: 'A worker is killed',
  text: 'At 40 % of the capacity one of the workers ends without a word. The others and the spare take over.',
  smoke: true,
  newConnections: true,
  parts: [{ seconds: 8, load: 0.4 }],
  fault: { name: 'worker-killed', at: 0.35, seconds: 0 },
  thresholds: [
    'good_rate: rate>=0.5',
    'good_rate{route:home}: rate>=0.8',
    'lost_rate: rate<=0.03',
    'recovery: max<4s',
    'gap{route:home}: max<=1s',
    'alive: rate>=1',
  ],
});
