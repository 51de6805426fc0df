/** Largest body of an answer that is kept for who asks again, bytes. */
export const MAX_ANSWER_BYTES = 65_536;

/** What a site answered. */
export interface KeptAnswer {
  status: number;
  headers: [name: string, value: string][];
  body: Buffer;
}

/** Headers of one connection or one moment, which the next answer has of its own. */
const OF_THE_MOMENT = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'trailer',
  'date',
  'content-length',
  'x-tahan-process',
]);

/** Answers by which nothing was done, or that another try may well change: 5xx, and these. */
const FOR_NOW = new Set([401, 403, 408, 425, 429]);

/** Whether who asks again gets this answer; else the work is done again. */
export const isFinal = (status: number): boolean => status >= 200 && status < 500 && !FOR_NOW.has(status);

export const keptHeaders = (headers: NodeJS.Dict<number | string | string[]>): KeptAnswer['headers'] =>
  Object.entries(headers)
    .filter(([name, value]) => value !== undefined && !OF_THE_MOMENT.has(name.toLowerCase()))
    .flatMap(([name, value]) =>
      Array.isArray(value) ? value.map((one): [string, string] => [name, one]) : [[name, String(value)]],
    );

const HEAD_LENGTH_BYTES = 4;

export function toBytes({ status, headers, body }: KeptAnswer): Buffer {
  const head = Buffer.from(JSON.stringify({ status, headers }));
  const length = Buffer.alloc(HEAD_LENGTH_BYTES);
  length.writeUInt32BE(head.length);
  return Buffer.concat([length, head, body]);
}

export function fromBytes(bytes: Buffer): KeptAnswer {
  const end = HEAD_LENGTH_BYTES + bytes.readUInt32BE(0);
  const head = JSON.parse(bytes.toString('utf8', HEAD_LENGTH_BYTES, end)) as Omit<KeptAnswer, 'body'>;
  return { ...head, body: bytes.subarray(end) };
}
