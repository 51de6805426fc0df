import type { Config } from '../../../config.ts';
import { sendEmail } from './email.ts';
import type { AlertMessage } from './message.ts';
import { post } from './post.ts';
import { parseWebhook, SHAPE_OF } from './shapes.ts';

/** A way to tell somebody. */
export interface Channel {
  /** Names it in the queue and the log, without its secrets: `slack webhook hooks.slack.com`. */
  name: string;
  /** @throws {DeliveryError} it did not arrive */
  send: (message: AlertMessage, signal: AbortSignal) => Promise<void>;
}

export type ChannelSettings = Pick<Config, 'alertWebhook' | 'alertEmail' | 'smtpUrl'>;

/** The channels that the settings name. */
export function channelsOf({ alertWebhook, alertEmail, smtpUrl }: ChannelSettings): Channel[] {
  const webhooks = alertWebhook
    .split(/\s+/)
    .map(parseWebhook)
    .filter((webhook) => webhook !== undefined)
    .map(({ shape, url }, index): Channel => {
      return {
        name: `${shape} webhook ${index + 1} (${url.hostname})`,
        send: (message, signal) => post(url, SHAPE_OF[shape](message), message.id, signal),
      };
    });
  if (alertEmail.length === 0 || smtpUrl === '') return webhooks;
  return [...webhooks, { name: 'e-mail', send: (message) => sendEmail(smtpUrl, alertEmail, message) }];
}
