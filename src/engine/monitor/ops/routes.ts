import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { actionSchema } from '../../operator-action.ts';
import type { AccessRules } from './access.ts';
import type { Asking } from './asking.ts';
import { jsonOf, pointsOf, rangeOf, read } from './query.ts';
import { SharedAnswers } from './shared-answers.ts';
import type { IncidentFormat, OpsSource } from './source.ts';
import { eventOf, MAX_STREAMS, type Streams } from './streams.ts';
import { viewChoicesSchema } from './view-choices.ts';
import { TEXT, write, writeJson } from './write.ts';

export interface ApiParts {
  source: OpsSource;
  streams: Streams;
  access: AccessRules;
  profilesDir: string;
  now: () => number;
}

interface ApiRoute {
  pattern: RegExp;
  methods: Record<string, (asking: Asking) => void | Promise<void>>;
}

const PROFILE = /^[\w.-]{1,100}\.cpuprofile$/;

/** What the page and the commands ask for. */
export function apiRoutes({ source, streams, access, profilesDir, now }: ApiParts): readonly ApiRoute[] {
  const get = (name: string, handle: (asking: Asking) => void | Promise<void>): ApiRoute => ({
    pattern: new RegExp(`^/ops/api/${name}$`),
    methods: { GET: handle },
  });
  const shared = new SharedAnswers(now);
  const profiles = async (): Promise<string[]> => {
    const names = await readdir(profilesDir).catch(() => []); // no profile was ever made
    return names
      .filter((name) => PROFILE.test(name))
      .sort()
      .reverse();
  };

  return [
    get('now', ({ response, rights }) =>
      writeJson(response, {
        now: now(),
        sample: source.latest() ?? null,
        // What the trend is made of; the workers of a minute would be megabytes.
        recent: source.recent().map((sample) => ({ ...sample, workers: [] })),
        signedIn: rights.csrf !== undefined,
        csrf: rights.csrf ?? null,
        openReading: access.openReading,
        view: source.view(),
      }),
    ),
    get('stream', ({ request, response, query }) => {
      const sample = source.latest();
      const first = sample === undefined ? [] : [eventOf('sample', sample)];
      if (request.method === 'HEAD') write(response, 200, 'text/event-stream', '');
      else if (!streams.add(response, first, query.has('tail')))
        write(response, 503, TEXT, `${MAX_STREAMS} dashboards are open: close one.\n`, { 'retry-after': '10' });
    }),
    get('history', ({ response, query }) =>
      shared.write(response, `history ${query}`, () => source.history({ ...rangeOf(query), points: pointsOf(query) })),
    ),
    get('events', ({ response, query }) => writeJson(response, source.events(rangeOf(query)))),
    get('alerts', ({ response }) => writeJson(response, source.alerts())),
    get('incidents', ({ response }) => writeJson(response, source.incidents())),
    get('incidents/[\\w.-]{1,100}\\.(?:html|md|json|cpuprofile)', ({ response, path }) => {
      const [, id = '', format] = /\/([\w.-]+)\.(html|md|json|cpuprofile)$/.exec(path) ?? [];
      const found = source.incident(id, format as IncidentFormat);
      if (found === undefined) write(response, 404, TEXT, 'There is no such incident.\n');
      else write(response, 200, found.type, found.body, attachment(found.name));
    }),
    get('traffic', ({ response, query }) => writeJson(response, source.traffic(rangeOf(query)) ?? null)),
    get('latency', ({ response, query }) =>
      shared.write(response, `latency ${query}`, () => source.latency(rangeOf(query))),
    ),
    get('storage', ({ response }) => writeJson(response, source.storage())),
    get('planned', ({ response }) => writeJson(response, source.planned())),
    get('stress', ({ response }) => writeJson(response, source.stress())),
    get('profiles', async ({ response }) => writeJson(response, await profiles())),
    get('profiles/[\\w.-]{1,100}', async ({ response, path }) => {
      const name = path.slice(path.lastIndexOf('/') + 1);
      if (!(await profiles()).includes(name)) write(response, 404, TEXT, 'There is no such profile.\n');
      else write(response, 200, 'application/json', await readFile(join(profilesDir, name)), attachment(name));
    }),
    {
      // Whoever may look may choose what to look at.
      pattern: /^\/ops\/api\/view$/,
      methods: {
        async POST({ request, response }) {
          source.keepView(read(viewChoicesSchema, await jsonOf(request)));
          writeJson(response, { ok: true });
        },
      },
    },
    {
      pattern: /^\/ops\/api\/actions$/,
      methods: {
        async POST({ request, response, rights }) {
          if (rights.act !== undefined) {
            write(response, 403, TEXT, `${rights.act}\n`);
            return;
          }
          const action = read(actionSchema, await jsonOf(request));
          const result = await source.act(action, rights.csrf === undefined ? 'a command' : 'the dashboard');
          writeJson(response, result, result.ok ? 200 : 409);
        },
      },
    },
  ];
}

const attachment = (name: string): Record<string, string> => ({
  'content-disposition': `attachment; filename="${name}"`,
});
