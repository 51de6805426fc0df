import { hostname } from 'node:os';
import { type AlertMessage, headline } from './message.ts';
import { DeliveryError } from './post.ts';

const CONNECT_MS = 8_000;

/** Sender: the account's own address where it is one. */
const senderOf = (smtp: URL): string => {
  const user = decodeURIComponent(smtp.username);
  return user.includes('@') ? user : `tahan@${smtp.hostname.includes('.') ? smtp.hostname : hostname()}`;
};

/**
 * Sends a mail. nodemailer is loaded with the first one.
 * @throws {DeliveryError} it was not taken
 */
export async function sendEmail(smtpUrl: string, to: readonly string[], message: AlertMessage): Promise<void> {
  const { createTransport } = await import('nodemailer');
  const smtp = new URL(smtpUrl);
  const transport = createTransport({
    url: smtpUrl,
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    socketTimeout: CONNECT_MS,
  } as never);
  try {
    await transport.sendMail({
      from: senderOf(smtp),
      to: [...to],
      subject: headline(message).replaceAll(/\s+/g, ' ').slice(0, 200),
      text: [headline(message), message.sentence, new Date(message.at).toISOString(), message.url]
        .filter(Boolean)
        .join('\n\n'),
      messageId: `<${message.id}@tahan.${hostname()}>`,
      // A text is a text: no file and no address is read for it.
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  } catch (error) {
    const { code, responseCode } = error as { code?: string; responseCode?: number };
    throw new DeliveryError(`the mail server did not take it (${responseCode ?? code ?? 'unknown'})`, {
      isFinal: responseCode !== undefined && responseCode >= 500,
    });
  } finally {
    transport.close();
  }
}
