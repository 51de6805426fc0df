import type { Channel } from './channels.ts';
import type { AlertMessage } from './message.ts';

const TIMEOUT_MS = 10_000;

export interface Tried {
  channel: string;
  /** Undefined: it arrived. */
  problem: string | undefined;
}

/** A message that says that it is none. */
export const testMessage = (site: string, url: string, now: number): AlertMessage => ({
  id: `test-${now}`,
  alert: 'test',
  state: 'firing',
  severity: 'info',
  at: now,
  firedAt: now,
  text: 'this is a test, nothing is wrong',
  sentence: 'Sent by npm run alert:test.',
  value: 0,
  site,
  url,
});

/** Sends a message by each channel at once, and says what became of it. */
export const tryChannels = (channels: readonly Channel[], message: AlertMessage): Promise<Tried[]> =>
  Promise.all(
    channels.map(async ({ name, send }) => {
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const late = new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(new Error('no answer in time')), { once: true });
      });
      try {
        await Promise.race([send(message, signal), late]);
        return { channel: name, problem: undefined };
      } catch (error) {
        return { channel: name, problem: error instanceof Error ? error.message : String(error) };
      }
    }),
  );
