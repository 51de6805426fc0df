import { defineScenario } from '../scenario.ts';

export default defineScenario({
  name: 'after-outage',
  title: 'Everybody tries again after an outage',
  text: 'At 0.8 times the capacity no worker does anything for five seconds, and apps that get no answer try up to three more times at once. What they send again must not keep the server down when the outage is over.',
  parts: [{ seconds: 16, load: 0.8 }],
  fault: { name: 'all-blocked', at: 0.25, seconds: 5 },
  retry: { times: 3, afterMs: 100 },
  thresholds: ['good_rate{route:home}: rate>=0.6', 'lost_rate: rate<=0.3', 'recovery: max<2s', 'alive: rate>=1'],
});
