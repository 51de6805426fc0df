import { defineScenario } from '../scenario.ts';

export default defineScenario({
  name: 'flash-crowd',
  title: 'One new page that everybody wants',
  text: 'While the server is busy a link goes round to a page that nobody has asked for before, and that costs 60 ms to make. It must be made once in its time to live, for everybody.',
  smoke: true,
  parts: [
    { seconds: 2, load: 0.5, only: ['work', 'home'] },
    { seconds: 6, load: 1.5, peak: true },
    { seconds: 2, load: 0.5, only: ['work', 'home'] },
  ],
  routes: [
    { name: 'home', share: 3, path: '/' },
    { name: 'work', share: 2, path: '/lab/work?ms=5&dist=exp' },
    { name: 'new page', share: 6, path: '/lab/page/4711?cost=60&ttl=2' },
  ],
  thresholds: [
    'good_rate{route:new page}: rate>=0.8',
    'good_rate{route:home}: rate>=0.8',
    'renders: count<=20',
    'lost_rate: rate<=0.03',
    'alive: rate>=1',
  ],
});
