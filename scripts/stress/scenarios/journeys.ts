import { defineScenario } from '../scenario.ts';

export default defineScenario({
  name: 'journeys',
  title: 'Real visits',
  text: 'Visitors who read, search, register, sign in, like and publish, each with cookies of his own, at a rate that the server can take.',
  smoke: true,
  parts: [{ seconds: 8, load: 1 }],
  journeys: { visits: 5 },
  thresholds: [
    'good_rate: rate>=0.7',
    'good_rate{step:home}: rate>=0.85',
    'visits_content: rate>=0.7',
    'checks: rate>=1',
    'lost_rate: rate<=0.02',
    'alive: rate>=1',
  ],
});
