/** What was answered: a page for a person, a file that a page needs, or data for a program. */
export const ANSWER_KINDS = ['page', 'asset', 'api'] as const;
export type AnswerKind = (typeof ANSWER_KINDS)[number];

const ASSET_TYPE =
  /^(?:text\/css|text\/javascript|application\/javascript|application\/wasm|image\/|font\/|audio\/|video\/)/;
const API_TYPE = /^(?:application\/(?:[a-z0-9.-]+\+)?(?:json|xml)|text\/event-stream|application\/grpc|text\/csv)/;
const ASSET_PATH =
  /\.(?:css|m?js|map|png|jpe?g|gif|webp|avif|svg|ico|woff2?|ttf|otf|eot|mp4|webm|mp3|ogg|wasm|webmanifest)$/i;
const API_PATH = /(?:^\/api(?:\/|$)|^\/graphql$|\.(?:json|xml|rss|atom)$)/i;

/**
 * Kind of an answer by its media type; where there is none (a redirect, a 304, a refusal) by the path that was asked for.
 * @param type the `Content-Type`, lower case; undefined: not known
 */
export function answerKind(type: string | undefined, path: string): AnswerKind {
  if (type !== undefined) {
    if (type.startsWith('text/html')) return 'page';
    if (ASSET_TYPE.test(type)) return 'asset';
    if (API_TYPE.test(type)) return 'api';
  }
  if (ASSET_PATH.test(path)) return 'asset';
  return API_PATH.test(path) ? 'api' : 'page';
}
