/** What would end a line or hide in it. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/u;

/** A path with its percent codes read, where that can be done and shows nothing but visible characters; else as it came. */
export function decodedPath(path: string): string {
  if (!path.includes('%')) return path;
  try {
    const decoded = decodeURI(path);
    return UNSEEN.test(decoded) ? path : decoded;
  } catch {
    return path; // no UTF-8: shown as it was sent
  }
}
