import { fileURLToPath } from 'node:url';
import { moduleNear } from '../../../src/engine/module-near.ts';
import { defineScenario } from '../scenario.ts';

export default defineScenario({
  name: 'publishing',
  title: 'What was published is there',
  text: 'Editors publish while others read the list of posts. Who asks right after it must see the new post, from whichever worker.',
  parts: [{ seconds: 8, load: 1 }],
  journeys: { visits: 24, file: fileURLToPath(moduleNear('../journeys/publishing', import.meta.url)) },
  thresholds: [
    'good_rate{step:publish}: rate>=0.5',
    'checks{check:what was published is shown}: rate>=0.99',
    'lost_rate: rate<=0.02',
    'alive: rate>=1',
  ],
});
