/** An answer as it came over the wire. */
export interface WireAnswer {
  status: number;
  headers: Map<string, string>;
  /** How its end is known. */
  framing: 'length' | 'chunked' | 'end' | 'none';
  body: string;
}

/**
 * Reads the answers that came over a connection, in order. A listener says with `x-head` that it answers a HEAD.
 * @throws {Error} what came is not a row of whole answers
 */
export function readAnswers(text: string): WireAnswer[] {
  const answers: WireAnswer[] = [];
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\r\n\r\n', at);
    const [line = '', ...lines] = text.slice(at, end).split('\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(line)?.[1]);
    if (end === -1 || Number.isNaN(status)) throw new Error(`no head of an answer: ${JSON.stringify(text.slice(at))}`);
    const headers = new Map(
      lines.map((field) => {
        const colon = field.indexOf(':');
        return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()] as const;
      }),
    );
    at = end + 4;
    const answer: WireAnswer = { status, headers, framing: 'none', body: '' };
    answers.push(answer);
    if (headers.has('x-head') || status < 200 || status === 204 || status === 304) continue;
    const length = headers.get('content-length');
    if (headers.get('transfer-encoding') === 'chunked') {
      answer.framing = 'chunked';
      for (;;) {
        const mark = text.indexOf('\r\n', at);
        const size = Number.parseInt(text.slice(at, mark), 16);
        if (mark === -1 || Number.isNaN(size)) throw new Error(`no chunk: ${JSON.stringify(text.slice(at))}`);
        answer.body += text.slice(mark + 2, mark + 2 + size);
        at = mark + 4 + size;
        if (size === 0) break;
      }
    } else {
      answer.framing = length === undefined ? 'end' : 'length';
      const rest = length === undefined ? text.length : at + Number(length);
      if (rest > text.length) throw new Error(`half an answer: ${JSON.stringify(text.slice(at))}`);
      answer.body = text.slice(at, rest);
      at = rest;
    }
  }
  return answers;
}
