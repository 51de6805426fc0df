import { extname } from 'node:path';

/**
 * A module by its path without extension from the one at `base`: with the extension of that, as it is TypeScript in the
 * repository and JavaScript in the package.
 */
export const moduleNear = (path: string, base: string): URL => new URL(`${path}${extname(base)}`, base);
