import { defineScenario } from '../scenario.ts';

export default defineScenario({
  name: 'step',
  title: 'Twice as many as fit, and they stay',
  text: 'The load goes from a third of the capacity to twice of it, and stays. The server must go on doing as much useful work as it can, answer the main page to everybody, and say no to the others at once. The fleet begins with one worker: the scaler must take a step, or say why it does not.',
  parts: [
    { seconds: 4, load: 0.3 },
    { seconds: 8, load: 2, peak: true },
    { seconds: 4, load: 0.3 },
  ],
  env: { TAHAN_WORKERS_MIN: '1', TAHAN_WORKERS_MAX: '2' },
  thresholds: [
    'good_rate{route:home}: rate>=0.85',
    'goodput{route:work}: value>=0.1',
    'lost_rate: rate<=0.02',
    'refused_in_time: rate>=0.9',
    'recovery: max<3s',
    'scaler_decisions: count>=1',
  ],
});
