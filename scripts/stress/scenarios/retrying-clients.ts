import { defineScenario } from '../scenario.ts';

export default defineScenario({
  name: 'retrying-clients',
  title: 'Clients that try again',
  text: 'Apps that try up to three more times when they are refused. At one and a half times the capacity their retries make a load of their own; the server must not be held down by it once the peak is over.',
  parts: [
    { seconds: 2, load: 0.3 },
    { seconds: 5, load: 1.5, peak: true },
    { seconds: 5, load: 0.3 },
  ],
  retry: { times: 3, afterMs: 700 },
  thresholds: [
    'good_rate{route:home}: rate>=0.85',
    'good_rate: rate>=0.4',
    'lost_rate: rate<=0.03',
    'recovery: max<4s',
    'alive: rate>=1',
  ],
});
