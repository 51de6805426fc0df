import { defineScenario } from '../scenario.ts';

export default defineScenario({
  name: 'impatient-clients',
  title: 'Clients that do not wait',
  text: 'Visitors who close the page after 700 ms, at twice the capacity. Work for somebody who has left is lost: what waits must be short.',
  parts: [
    { seconds: 2, load: 0.3 },
    { seconds: 6, load: 2, peak: true },
    { seconds: 3, load: 0.3 },
  ],
  patienceMs: 700,
  thresholds: [
    'good_rate{route:home}: rate>=0.8',
    'goodput{route:work}: value>=0.3',
    'lost_rate: rate<=0.05',
    'recovery: max<3s',
    'alive: rate>=1',
  ],
});
