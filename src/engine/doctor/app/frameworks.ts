import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Seen } from './seen.ts';

/** Frameworks by their package, those that stand on others first. */
const FRAMEWORKS: Record<string, string> = {
  next: 'Next.js',
  nuxt: 'Nuxt',
  '@nestjs/core': 'NestJS',
  astro: 'Astro',
  '@sveltejs/kit': 'SvelteKit',
  nitro: 'Nitro',
  nitropack: 'Nitro',
  fastify: 'Fastify',
  koa: 'Koa',
  hono: 'Hono',
  express: 'Express',
  h3: 'h3',
};
/** Those whose build takes them into its own files. */
const BUILT = ['next', 'nuxt', 'astro', '@sveltejs/kit', 'nitro', 'nitropack'];

/** Names and versions of the frameworks that were found, the outermost first: loaded, or named in the project's package.json. */
export function frameworksOf({ packages }: Pick<Seen, 'packages'>, project: string): string[] {
  const named = namedIn(project);
  return Object.entries(FRAMEWORKS).flatMap(([name, title]) => {
    const loaded = packages[name];
    if (loaded !== undefined) return [`${title} ${loaded}`];
    return BUILT.includes(name) && named[name] !== undefined ? [`${title} (package.json: ${named[name]})`] : [];
  });
}

function namedIn(project: string): Record<string, string> {
  try {
    const manifest = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as Record<string, object>;
    return { ...manifest.devDependencies, ...manifest.dependencies };
  } catch {
    return {}; // none, or not to be read: then nothing is named
  }
}
