import { defineScenario } from '../scenario.ts';

export default defineScenario({
  name: 'slow-clients',
  title: 'Clients that hold on',
  text: 'Two hundred uploads that stall, while others come as usual: a client must never hold a place.',
  parts: [{ seconds: 8, load: 0.5 }],
  slowClients: 200,
  thresholds: ['good_rate: rate>=0.75', 'good_rate{route:home}: rate>=0.8', 'lost_rate: rate<=0.01', 'alive: rate>=1'],
});
