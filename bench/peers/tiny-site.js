// The tiny listener as a site behind Tahan's engine (TAHAN_SITE).
import { tiny } from './tiny.js';

export const createSite = () => ({ handler: tiny });
