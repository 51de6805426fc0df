/** What a browser of today says of itself; some servers treat programs otherwise. */
export const BROWSER =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';

/** A request as it goes over the wire. */
export interface Outgoing {
  host: string;
  port: number;
  path: string;
  headers?: Record<string, string> | undefined;
  /** Fields of a form: then it is a POST. */
  form?: Record<string, string> | undefined;
  /** Another body: then it is a POST, too. */
  body?: { type: string; text: string } | undefined;
}

/** The bytes of a request: a GET, or a POST of a form or another body. Headers given replace the standard ones of the same spelling. */
export function requestBytes({ host, port, path, headers, form, body: given }: Outgoing): Buffer {
  const body =
    form === undefined
      ? given
      : { type: 'application/x-www-form-urlencoded', text: new URLSearchParams(form).toString() };
  const bytes = Buffer.from(body?.text ?? '');
  const fields = Object.entries({
    Host: `${host}:${port}`,
    'User-Agent': BROWSER,
    Accept: 'text/html',
    ...(body === undefined ? {} : { 'Content-Type': body.type, 'Content-Length': String(bytes.length) }),
    ...headers,
  });
  const head = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const start = `${body === undefined ? 'GET' : 'POST'} ${path} HTTP/1.1\r\n${head}\r\n`;
  return Buffer.concat([Buffer.from(start, 'latin1'), bytes]);
}
