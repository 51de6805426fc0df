/** The module that the engine loads as the site. */
export { createSite } from './app.ts';
export { prepareSite } from './prepare.ts';
