/** Content codings a page is kept in. */
export const CODINGS = ['identity', 'gzip', 'br'] as const;
export type Coding = (typeof CODINGS)[number];

/** A rendered public page, ready to be written to a socket. Immutable once made, but for added codings. */
export interface Page {
  /** Cache key, see `key.ts`. */
  key: string;
  /** 200; or 404 or 410, which say that there is no page and are kept for a moment in memory only (`missing-pages.ts`). */
  status: number;
  /** Header fields as the site gave them, lower-case names, without those that are made anew for each answer. */
  headers: readonly (readonly [name: string, value: string])[];
  /** Strong validator of the identity body, with quotes. */
  etag: string;
  bodies: { identity: Buffer; gzip?: Buffer; br?: Buffer };
  /** Worth compressing, by its type. */
  compressible: boolean;
  tags: readonly string[];
  /** Epoch ms at which the render began: what the page shows is at least this new. */
  renderStartedAt: number;
  /** The age with which the page came from elsewhere (a site that is a gateway), ms. */
  upstreamAgeMs: number;
  /** Time the render took, ms (the delta of XFetch). */
  renderMs: number;
  ttlMs: number;
  swrMs: number;
  sieMs: number;
  /** Soft-purged: never fresh or revalidating again, only last good. */
  purged: boolean;
}

/** Media type as the site gave it; undefined: it gave none. */
export const mediaTypeOf = ({ headers }: Page): string | undefined =>
  headers.find(([name]) => name === 'content-type')?.[1].toLowerCase();

/** Rough cost of a page beside its bodies: objects, table entry, answers made for it; measured at some 2 KiB with 10 headers. */
const OVERHEAD_BYTES = 2_048;
/** Rough cost of a tag in the tag index beside its text: an entry in a map and one in a set. */
const TAG_BYTES = 160;

/** Memory that a page takes. */
export function pageBytes(page: Page): number {
  const { identity, gzip, br } = page.bodies;
  let bytes = OVERHEAD_BYTES + page.key.length * 2 + identity.length + (gzip?.length ?? 0) + (br?.length ?? 0);
  for (const tag of page.tags) bytes += TAG_BYTES + tag.length * 2;
  for (const [name, value] of page.headers) bytes += name.length + value.length;
  return bytes;
}
