import type { Logger } from 'pino';
import { type Config, trustedProxyList } from '../../config.ts';
import type { Link } from '../link.ts';
import type { Purger } from '../pages/purger.ts';
import { requestInfoOf } from '../request-info.ts';
import { sessionSecret } from '../secret.ts';
import type { SiteContext, TaskPool } from '../site.ts';
import type { Traffic } from '../traffic/answered.ts';
import { createLimiterDesk } from './limiters.ts';
import { siteSettings } from './load-site.ts';
import { watchForProxies } from './unnamed-proxy.ts';

/** Largest message of a site to its other workers, characters of JSON. */
const MAX_BROADCAST = 16_384;

/** What the site gets when it is created. */
export function siteContext(
  config: Config,
  processName: string,
  log: Logger,
  link: Link,
  pool: TaskPool,
  purger: Purger,
  traffic: Pick<Traffic, 'searchedInVain'>,
): SiteContext {
  const noteProxy = watchForProxies(trustedProxyList(config.trustedProxies), (line) => log.warn(line));
  const listeners = new Map<string, (body: unknown) => void>();
  link.on('broadcast', ({ topic, body }) => listeners.get(topic)?.(body));
  return {
    settings: siteSettings(config, sessionSecret(config.dataDir, config.sessionSecret)),
    log,
    processName,
    pool: { run: (task, input, options) => pool.run(task, input, options) },
    searchedInVain: (words) => traffic.searchedInVain(words),
    purge: (tags, options) => purger.purge(tags, options?.hard ?? false),
    limiter: createLimiterDesk(),
    request(request) {
      noteProxy(request);
      return requestInfoOf(request);
    },
    broadcast(topic, body) {
      const length = JSON.stringify(body)?.length ?? 0;
      if (length > MAX_BROADCAST)
        throw new RangeError(`a broadcast takes up to ${MAX_BROADCAST} characters of JSON, not ${length}`);
      link.send({ type: 'broadcast', topic, body });
    },
    onBroadcast: (topic, listener) => listeners.set(topic, listener),
  };
}
