import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { SiteMistakesError, sentences, shown, wanted, whenNoObject } from './mistakes.ts';
import { mistakesOf } from './route-policy.ts';
import { MAX_ROUTES } from './routes.ts';
import type { Site, SiteModule } from './site.ts';

const isFunction = (value: unknown): boolean => typeof value === 'function';
const isFile = (value: unknown): boolean =>
  value instanceof URL && value.protocol === 'file:' && existsSync(fileURLToPath(value));
const tasks = wanted(isFile, 'the URL of a file that is there: new URL("./tasks.js", import.meta.url)').optional();

const moduleSchema = z.object({
  createSite: wanted(isFunction, 'an exported function createSite(context)'),
  prepareSite: wanted(isFunction, 'a function').optional(),
  tasks,
});

const siteSchema = z.strictObject(
  {
    handler: wanted(isFunction, 'a function (request, response), such as an Express app or app.callback() of Koa'),
    policies: wanted(
      (value) => Array.isArray(value) && value.length <= MAX_ROUTES,
      `a list of at most ${MAX_ROUTES} route policies`,
    ).optional(),
    mainPage: wanted(
      (value) => typeof value === 'string' && value.startsWith('/'),
      'a path that starts with /',
    ).optional(),
    tasks,
    isMember: wanted(isFunction, 'a function').optional(),
    health: wanted(isFunction, 'a function').optional(),
    waitedMs: wanted(isFunction, 'a function').optional(),
    languages: wanted(
      (value) => Array.isArray(value) && value.every((language) => typeof language === 'string' && language !== ''),
      'a list of languages',
    ).optional(),
    sessionCookies: wanted(
      (value) => Array.isArray(value) && value.every((name) => typeof name === 'string' && name !== ''),
      'a list of names of cookies',
    ).optional(),
    close: wanted(isFunction, 'a function').optional(),
    upgrade: wanted(isFunction, 'a function (request, socket, head)').optional(),
    learns: wanted((value) => typeof value === 'boolean', 'true or false').optional(),
    host: wanted((value) => typeof value === 'string', 'a host name').optional(),
    endsItself: wanted(isFunction, 'a function').optional(),
  },
  whenNoObject('an object'),
);

/**
 * Checks what a site module exports.
 * @throws {SiteMistakesError} one line for each mistake
 */
export function checkModule(module: object): SiteModule {
  refuse(sentences(moduleSchema, module).map(({ text }) => text));
  return module as SiteModule;
}

/**
 * Checks what `createSite` of the module has returned.
 * @throws {SiteMistakesError} one line for each mistake
 */
export function checkSite(site: unknown, module: SiteModule): Site {
  if (typeof site !== 'object' || site === null)
    throw new SiteMistakesError([`the site: createSite must return an object with a handler, not ${shown(site)}`]);
  const { policies, tasks: own } = site as Partial<Site>;
  const schema = isPlain(site) ? siteSchema : siteSchema.loose();
  const found = sentences(schema, site).map(({ text }) => text);
  if (Array.isArray(policies)) found.push(...policies.slice(0, MAX_ROUTES).flatMap(mistakesOf));
  if (own !== undefined && module.tasks !== undefined && String(own) !== String(module.tasks))
    found.push(`tasks is ${own} in what createSite returns and ${module.tasks} in what the module exports; name one`);
  refuse(found);
  return site as Site;
}

/** An object of a class may have fields of its own besides. */
const isPlain = (value: object): boolean => [Object.prototype, null].includes(Object.getPrototypeOf(value));

function refuse(found: readonly string[]): void {
  if (found.length > 0) throw new SiteMistakesError(found.map((line) => `the site: ${line}`));
}
