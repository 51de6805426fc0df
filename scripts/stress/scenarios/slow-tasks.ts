import { defineScenario } from '../scenario.ts';

export default defineScenario({
  name: 'slow-tasks',
  title: 'Slow work beside quick work',
  text: 'Exports of 250 ms each that want more threads than there are, while members sign in, read and like: one kind of work must not take all threads.',
  parts: [{ seconds: 8, load: 1 }],
  journeys: { visits: 14, file: new URL('../journeys/slow-tasks.ts', import.meta.url).pathname },
  thresholds: [
    'good_rate{step:like}: rate>=0.8',
    'good_rate{step:home}: rate>=0.95',
    'lost_rate: rate<=0.03',
    'alive: rate>=1',
  ],
});
