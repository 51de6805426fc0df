import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { isForeign } from '../../foreign.ts';
import { type AccessRules, rightsOf } from './access.ts';
import { readAssets, readPages } from './assets.ts';
import { BadInput } from './query.ts';
import { apiRoutes } from './routes.ts';
import { signIn, signOut } from './session.ts';
import { TokenDesk } from './sign-in.ts';
import type { OpsSource } from './source.ts';
import { eventOf, Streams } from './streams.ts';
import { TEXT, write } from './write.ts';

export interface OpsOptions {
  source: OpsSource;
  access: AccessRules;
  /** Folder of CPU profiles, which may not be there yet. */
  profilesDir: string;
  now?: () => number;
  onError: (error: unknown) => void;
}

export interface Ops {
  listener: RequestListener;
  streams: Streams;
  /** Tells all open dashboards that something is new in events, alerts or incidents. */
  tellNews: () => void;
  close: () => void;
}

/**
 * The dashboard: the monitor serves it on a unix socket, and the primary hands on to it what comes for `/ops` on the admin
 * port, whose Host it has checked.
 * @throws {Error} a file of the page is missing
 */
export function createOps({ source, access, profilesDir, now = Date.now, onError }: OpsOptions): Ops {
  const assets = readAssets();
  const pages = readPages();
  const desk = new TokenDesk(access.token);
  const streams = new Streams();
  const routes = apiRoutes({ source, streams, access, profilesDir, now });

  /** `x-tahan-remote` is the primary's word: nobody else can reach the socket. */
  const addressOf = (request: IncomingMessage): string => String(request.headers['x-tahan-remote'] ?? 'unknown');

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://ops');
    const path = url.pathname.replace(/\/$/, '') || '/';
    const asset = /^\/ops\/assets\/([\w.-]{1,40})$/.exec(path)?.[1];
    if (asset !== undefined && isReading(request)) {
      const found = assets.get(asset);
      if (found === undefined) write(response, 404, TEXT, 'There is no such file.\n');
      else write(response, 200, found.type, found.body);
      return;
    }
    if (path === '/ops/sign-in' && request.method === 'POST') {
      await signIn(request, response, { desk, address: addressOf(request), access, now, page: pages.signIn });
      return;
    }
    const rights = rightsOf(request.headers, access, now());
    if (rights.wrongToken) {
      const wait = await desk.mustWait(addressOf(request));
      if (!wait) await desk.noteWrong(addressOf(request));
      write(
        response,
        wait ? 429 : 401,
        TEXT,
        wait ? 'Too many wrong tokens: wait a minute.\n' : 'The token is wrong.\n',
      );
      return;
    }
    if (path === '/ops' && isReading(request)) {
      if (rights.read && !url.searchParams.has('sign-in'))
        write(response, 200, 'text/html; charset=utf-8', pages.dashboard);
      else write(response, rights.read ? 200 : 401, 'text/html; charset=utf-8', pages.signIn.replace('{problem}', ''));
      return;
    }
    if (!rights.read) {
      write(response, 401, TEXT, 'Sign in at /ops, or send the operator token as a Bearer token.\n');
      return;
    }
    // A page elsewhere cannot read the answer; it must not take the places of streams either.
    if (isForeign(request.headers)) {
      write(response, 403, TEXT, 'This is not for pages of other sites.\n');
      return;
    }
    if (path === '/ops/sign-out' && request.method === 'POST') {
      signOut(response);
      return;
    }
    const route = routes.find(({ pattern }) => pattern.test(path));
    const handle = route?.methods[request.method === 'HEAD' ? 'GET' : (request.method ?? 'GET')];
    if (route === undefined) write(response, 404, TEXT, 'There is no such page below /ops.\n');
    else if (handle === undefined) {
      response.setHeader('allow', Object.keys(route.methods).join(', '));
      write(response, 405, TEXT, 'Not with this method.\n');
    } else await handle({ request, response, path, query: url.searchParams, rights });
  };

  const listener: RequestListener = (request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else if (error instanceof BadInput) write(response, error.status, TEXT, `${error.lines.join('\n')}\n`);
      else write(response, 500, TEXT, 'That failed; the log of the server says why.\n');
      if (!(error instanceof BadInput)) onError(error);
    });
  };

  const unsubscribe = source.subscribe((sample) => {
    if (streams.size > 0) streams.send(eventOf('sample', sample));
  });
  return {
    listener,
    streams,
    tellNews: () => streams.send(eventOf('news', {})),
    close() {
      unsubscribe();
      streams.close();
    },
  };
}

const isReading = ({ method }: IncomingMessage): boolean => method === 'GET' || method === 'HEAD';
