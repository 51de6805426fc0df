import type { IncomingMessage, ServerResponse } from 'node:http';
import inject from 'light-my-request';
import type { Rendered } from '../cache/make-page.ts';
import type { Site } from '../site.ts';

export interface RenderTarget {
  url: string;
  host: string;
  language: string | undefined;
}

/** The site's answer to a render was not one: it failed, or never came. */
export class RenderError extends Error {
  readonly code = 'RENDER_FAILED';
  override readonly name = 'RenderError';
}

/**
 * Asks the site for a page by a request made from the cache key alone: no visitor's header or cookie reaches it,
 * so nothing of a visitor can get into a page that others see, and a visitor who leaves ends no render.
 */
export async function render(site: Site, target: RenderTarget, prepare: (request: IncomingMessage) => void): Promise<Rendered> {
  const dispatch = (request: IncomingMessage, response: ServerResponse): void => {
    prepare(request);
    site.handler(request, response);
  };
  const headers: Record<string, string> = { host: target.host, accept: '*/*', 'user-agent': 'tahan' };
  if (target.language !== undefined) headers['accept-language'] = target.language;
  const renderedAt = Date.now();
  const began = performance.now();
  try {
    const answer = await inject(dispatch, { method: 'GET', url: target.url, headers });
    const kept: Record<string, string | string[]> = {};
    for (const [name, value] of Object.entries(answer.headers)) {
      if (value !== undefined) kept[name.toLowerCase()] = Array.isArray(value) ? value : String(value);
    }
    return { status: answer.statusCode, headers: kept, body: answer.rawPayload, renderedAt, renderMs: performance.now() - began };
  } catch (error) {
    throw new RenderError(`the site did not render ${target.url}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
