import { defineScenario } from '../scenario.ts';

export default defineScenario({
  name: 'spike',
  title: 'Everybody at once',
  text: 'From calm to five times the capacity within a moment, for four seconds, and back: an announcement. Useful work must not fall, and who finds no room must be told so quickly.',
  smoke: true,
  parts: [
    { seconds: 3, load: 0.3 },
    { seconds: 4, load: 5, peak: true },
    { seconds: 4, load: 0.3 },
  ],
  thresholds: [
    'good_rate{route:home}: rate>=0.8',
    'goodput{route:work}: value>=0.25',
    'lost_rate: rate<=0.05',
    'refused_in_time: rate>=0.9',
    'recovery: max<3s',
    'gap{route:home}: max<=1s',
    'alive: rate>=1',
  ],
});
