import { defineScenario } from '../scenario.ts';

const WAVE_SECONDS = 12;

export default defineScenario({
  name: 'sine',
  title: 'Waves',
  text: 'The load swings between a fifth of the capacity and a little more than all of it, twice. A server that reacts late swings with it.',
  parts: Array.from({ length: WAVE_SECONDS }, (_, second) => ({
    seconds: 1,
    load: 0.65 - 0.45 * Math.cos((second / WAVE_SECONDS) * 4 * Math.PI),
  })),
  thresholds: [
    'good_rate{route:home}: rate>=0.85',
    'good_rate: rate>=0.6',
    'lost_rate: rate<=0.01',
    'failed_rate: rate<=0.005',
    'alive: rate>=1',
  ],
});
