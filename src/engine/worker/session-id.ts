/** The session of engine.io's polling transport (Socket.IO) in a target: it names a session that one worker has in memory. */
const SESSION = /[?&]sid=([\w-]{10,64})(?:[&# ]|$)/;
const PROTOCOL = /[?&]EIO=\d/;
/** The packet that opens a session; within JSONP its quotes are escaped. */
const OPENED = /"sid\\?":\\?"([\w-]{10,64})\\?"/;
/** A request line that is longer is none of engine.io. */
const MAX_LINE = 2_048;

export const sessionOf = (target: string): string | undefined =>
  PROTOCOL.test(target) ? SESSION.exec(target)?.[1] : undefined;

/** The session that the first request of these bytes names. */
export function sessionOfRequest(bytes: Buffer): string | undefined {
  const end = bytes.indexOf('\r\n');
  return end === -1 || end > MAX_LINE ? undefined : sessionOf(bytes.toString('latin1', 0, end));
}

/** Whether a request opens a session, which the answer names. */
export const opensSession = (target: string): boolean => PROTOCOL.test(target) && sessionOf(target) === undefined;

export const openedSession = (body: string): string | undefined => OPENED.exec(body)?.[1];
