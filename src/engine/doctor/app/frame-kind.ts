/** Whose code it is: the app's own, of a package, of Tahan, or of Node. */
export type CodeOf = 'app' | 'package' | 'engine' | 'node';

/** Tells whose code stands at a URL. `engine`: URL of the folder of Tahan's engine. */
export const codeOf =
  (engine: string) =>
  (url: string): CodeOf => {
    const at = url.startsWith('/') ? `file://${url}` : url;
    if (!at.startsWith('file:')) return 'node';
    if (at.startsWith(engine)) return 'engine';
    return at.includes('/node_modules/') ? 'package' : 'app';
  };

const PACKAGE = /^.*\/node_modules\/((?:@[^/]+\/)?[^/.][^/]*)\//;

/** The package in which a URL lies, and its folder; undefined: in none. */
export function packageAt(url: string): { name: string; folder: string } | undefined {
  const found = PACKAGE.exec(url);
  return found === null ? undefined : { name: found[1]!, folder: found[0] };
}
