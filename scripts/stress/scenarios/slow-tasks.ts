import { fileURLToPath } from 'node:url';
import { moduleNear } from '../../../src/engine/module-near.ts';
import { defineScenario } from '../scenario.ts';

export default defineScenario({
  name: 'slow-tasks',
  title: 'Slow work beside quick work',
  text: 'Members like posts, five a second, while exports want several times the threads there are: one kind of work must not take all threads.',
  parts: [
    { seconds: 8, load: 0.03 },
    { seconds: 8, load: 1 },
  ],
  journeys: { visits: 40, file: fileURLToPath(moduleNear('../journeys/slow-tasks', import.meta.url)) },
  thresholds: [
    'good_rate{step:like}: rate>=0.15',
    'good_rate{step:home}: rate>=0.6',
    'lost_rate: rate<=0.1',
    'alive: rate>=1',
  ],
});
