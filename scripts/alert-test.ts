import { readConfig } from '../src/config.ts';
import { channelsOf } from '../src/engine/monitor/messages/channels.ts';
import { testMessage, tryChannels } from '../src/engine/monitor/messages/try-channels.ts';
import { readEnvironment } from '../src/environment.ts';
import { fail, takesNothing } from './admin-port.ts';

const USAGE = `Usage: npm run alert:test
Sends one test message by each way that the settings name (TAHAN_ALERT_WEBHOOK, TAHAN_ALERT_EMAIL), and says what became
of it. Exit code 1 when one did not arrive, or none is set.`;

async function alertTest(): Promise<void> {
  const config = readConfig(readEnvironment().env);
  const channels = channelsOf(config);
  if (channels.length === 0)
    throw new Error('nobody would be told: set TAHAN_ALERT_WEBHOOK, or TAHAN_ALERT_EMAIL and TAHAN_SMTP_URL');
  const tried = await tryChannels(channels, testMessage(config.siteName, config.publicUrl, Date.now()));
  for (const { channel, problem } of tried) console.log(`${channel}: ${problem ?? 'sent'}`);
  if (tried.some(({ problem }) => problem !== undefined)) process.exitCode = 1;
}

if (takesNothing('alert:test', USAGE, process.argv.slice(2))) {
  alertTest()
    .catch((error: unknown) => fail('alert:test', error))
    // A mail server that holds its connection open must not hold this up.
    .finally(() => setImmediate(() => process.exit()));
}
