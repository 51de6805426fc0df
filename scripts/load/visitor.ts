/** The cookies of a browser (`name=value; ...`) after an answer that sets some. */
export function mergeCookies(cookies: string, set: readonly string[]): string {
  const jar = new Map<string, string>();
  for (const pair of [...cookies.split('; '), ...set.map((line) => line.split(';', 1)[0]!)]) {
    const at = pair.indexOf('=');
    if (at > 0) jar.set(pair.slice(0, at), pair.slice(at + 1));
  }
  return [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
}

/** Values of every `Set-Cookie` field of a response head. */
export const setCookiesOf = (head: string): string[] =>
  [...head.matchAll(/\r\nset-cookie:[ \t]*([^\r]*)/gi)].map(([, value]) => value!);

/** The token of the first form of a page. */
export const csrfOf = (body: string): string | undefined => /name="_csrf" value="([^"]+)"/.exec(body)?.[1];

/** Links to posts on a page, each once. */
export const postLinks = (body: string): string[] => [
  ...new Set([...body.matchAll(/href="(\/posts\/[^"?#]+)"/g)].map(([, path]) => path!)),
];
