import type { QuickAnswer } from '../answer/front.ts';
import type { Routes } from '../answer/routes.ts';
import type { Page } from '../cache/page.ts';
import { answerOf, headBytes } from '../cache/wire.ts';
import type { Recorder } from '../metrics/recorder.ts';
import type { Site } from '../site.ts';
import type { Pages } from './pages.ts';
import { parsePlainGet } from './plain-get.ts';
import type { KeyQuestion } from './serving.ts';

export interface QuickParts {
  site: Pick<Site, 'isMember'>;
  routes: Routes;
  pages: Pages;
  recorder: Recorder;
  stamp: readonly string[];
  keyOf: (question: KeyQuestion) => string | undefined;
  wish: (page: Page, acceptEncoding: string | undefined) => void;
  /** This worker is leaving: then every request goes the long way, which tells the client. */
  closing: () => boolean;
  noteArrival: (ms: number) => void;
}

/** Cached pages for plain GETs of visitors without a session: from the bytes of the request to those of the answer. */
export function createQuick(parts: QuickParts): QuickAnswer {
  const { site, routes, pages, recorder, stamp, keyOf, wish, closing, noteArrival } = parts;
  return (chunk) => {
    const arrivedAt = performance.now();
    const get = closing() ? undefined : parsePlainGet(chunk);
    if (get === undefined) return undefined;
    const mark = get.target.indexOf('?');
    const path = mark === -1 ? get.target : get.target.slice(0, mark);
    const route = routes.match('GET', path);
    if (
      !route.cacheable ||
      (get.cookie !== undefined && (site.isMember?.({ headers: { cookie: get.cookie } }) ?? false))
    )
      return undefined;
    const query = mark === -1 ? '' : get.target.slice(mark + 1);
    const key = keyOf({ route, path, query, host: get.host, acceptLanguage: get.acceptLanguage });
    const found = key === undefined ? undefined : pages.quick(key, route);
    if (found === undefined) return undefined;
    wish(found.page, get.acceptEncoding);
    const answer = answerOf(found.page, found.serving, get, Date.now(), stamp);
    const ended = performance.now();
    recorder.request(route.policy.route, 'GET', answer.status, found.serving, (ended - arrivedAt) / 1_000);
    noteArrival(ended - arrivedAt);
    return [headBytes(answer, 'connection: keep-alive\r\n'), answer.body];
  };
}
