import { defineScenario } from '../scenario.ts';

export default defineScenario({
  name: 'slow-upstream',
  title: 'A service elsewhere is slow',
  text: 'Pages that ask another service take 20 ms; for four seconds that service takes 1.5 s. The other pages must notice nothing.',
  parts: [{ seconds: 9, load: 0.5 }],
  routes: [
    { name: 'home', share: 4, path: '/' },
    { name: 'work', share: 2, path: '/lab/work?ms=5&dist=exp' },
    { name: 'upstream', share: 3, path: '/lab/fetch' },
  ],
  fault: { name: 'slow-upstream', at: 0.3, seconds: 4 },
  thresholds: [
    'good_rate{route:home}: rate>=0.8',
    'good_rate{route:work}: rate>=0.5',
    'lost_rate: rate<=0.02',
    'recovery: max<4s',
    'alive: rate>=1',
  ],
});
