import { defineScenario } from '../scenario.ts';

export default defineScenario({
  name: 'database-locked',
  title: 'The database is locked',
  text: 'For three seconds another program holds the write lock. Who reads must notice nothing; who writes waits, or is told so.',
  parts: [{ seconds: 8, load: 1 }],
  journeys: { visits: 4 },
  fault: { name: 'database-locked', at: 0.3, seconds: 3 },
  thresholds: [
    'good_rate{step:home}: rate>=0.85',
    'good_rate{step:posts}: rate>=0.8',
    'good_rate: rate>=0.6',
    'lost_rate: rate<=0.02',
    'alive: rate>=1',
  ],
});
