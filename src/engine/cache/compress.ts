import zlib from 'node:zlib';

/** Below this a header costs more than is won, bytes. */
const MIN_BYTES = 512;
const GZIP_LEVEL = 6;
/** Quality 5 of 11: most of what brotli can win on HTML at a tenth of the time of 11. */
const BROTLI_QUALITY = 5;

export interface Compressed {
  gzip?: Uint8Array;
  br?: Uint8Array;
}

/**
 * Thread-pool task `tahan:compress`: the codings of a body that are smaller than the body. Synchronous, so that it
 * takes the pool thread that it was given and not libuv's threads beside it.
 */
export function compress(body: Uint8Array): Compressed {
  if (body.length < MIN_BYTES) return {};
  const gzip = zlib.gzipSync(body, { level: GZIP_LEVEL });
  const br = zlib.brotliCompressSync(body, {
    params: {
      [zlib.constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY,
      [zlib.constants.BROTLI_PARAM_MODE]: zlib.constants.BROTLI_MODE_TEXT,
      [zlib.constants.BROTLI_PARAM_SIZE_HINT]: body.length,
    },
  });
  const result: Compressed = {};
  // zlib hands out a slice of a larger chunk; the copy is all that crosses to the caller's thread.
  if (gzip.length < body.length) result.gzip = new Uint8Array(gzip);
  if (br.length < body.length) result.br = new Uint8Array(br);
  return result;
}

const COMPRESSIBLE =
  /^\s*(?:text\/|application\/(?:json|javascript|xml|wasm|manifest\+json|[\w.-]+\+(?:xml|json))|image\/svg)/i;

export const isCompressible = (contentType: string): boolean => COMPRESSIBLE.test(contentType);
