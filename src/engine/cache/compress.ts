import { promisify } from 'node:util';
import zlib from 'node:zlib';

const gzip = promisify(zlib.gzip);
const brotli = promisify(zlib.brotliCompress);

/** Below this a header costs more than is won, bytes. */
const MIN_BYTES = 512;
/** Quality 5 of 11: most of what brotli can win on HTML at a tenth of the time of 11. */
const BROTLI_QUALITY = 5;

export interface Compressed {
  gzip?: Uint8Array;
  br?: Uint8Array;
}

/** Thread-pool task `tahan:compress`: the codings of a body that are smaller than the body. */
export async function compress(body: Uint8Array): Promise<Compressed> {
  if (body.length < MIN_BYTES) return {};
  const [zipped, brotlied] = await Promise.all([
    gzip(body, { level: 6 }),
    brotli(body, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY, [zlib.constants.BROTLI_PARAM_SIZE_HINT]: body.length } }),
  ]);
  const result: Compressed = {};
  if (zipped.length < body.length) result.gzip = zipped;
  if (brotlied.length < body.length) result.br = brotlied;
  return result;
}

const COMPRESSIBLE = /^(text\/|application\/(json|javascript|xml|.*\+xml|.*\+json|manifest)|image\/svg)/;

export const isCompressible = (contentType: string): boolean => COMPRESSIBLE.test(contentType);
