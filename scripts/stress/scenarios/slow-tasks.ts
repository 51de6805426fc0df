import { defineScenario } from '../scenario.ts';

export default defineScenario({
  name: 'slow-tasks',
  title: 'Slow work beside quick work',
  text: 'Four members like posts, three a second, when exports begin that want six times the threads there are: one kind of work must not take all threads.',
  parts: [
    { seconds: 3, load: 0.1 },
    { seconds: 8, load: 1 },
  ],
  journeys: { visits: 40, file: new URL('../journeys/slow-tasks.ts', import.meta.url).pathname },
  thresholds: [
    'good_rate{step:like}: rate>=0.75',
    'good_rate{step:home}: rate>=0.6',
    'lost_rate: rate<=0.1',
    'alive: rate>=1',
  ],
});
