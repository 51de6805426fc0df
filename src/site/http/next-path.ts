const MAX_LENGTH = 512;
/** Never led back to: they would loop, or sign out at once. */
const NOT_AFTER_SIGN_IN = ['/login', '/logout', '/register'];

/**
 * A path of this site to go on to, or `fallback`. Only local paths pass: what a browser could read as another host
 * (`//host`, `/\host`, control characters that it drops, and these in percent-encoding) does not.
 */
export function safeNext(value: unknown, fallback = '/'): string {
  if (typeof value !== 'string' || value.length > MAX_LENGTH || !isLocal(value)) return fallback;
  let decoded = value;
  for (let round = 0; round < 3; round += 1) {
    try {
      decoded = decodeURIComponent(decoded);
    } catch {
      break; // a lone percent sign: nothing further is encoded in it
    }
    if (!isLocal(decoded)) return fallback;
  }
  const url = new URL(value, 'http://local.invalid');
  const path = url.pathname + url.search + url.hash;
  if (url.host !== 'local.invalid' || !isLocal(path)) return fallback;
  return NOT_AFTER_SIGN_IN.includes(url.pathname) ? fallback : path;
}

const isLocal = (path: string): boolean => /^\/(?!\/)[^\\\u0000-\u001f\u007f]*$/u.test(path) && !path.startsWith('/ /');
