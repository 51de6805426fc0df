import type { Logger } from 'pino';
import { type Config, trustedProxyList } from '../../config.ts';
import type { Link } from '../link.ts';
import { NO_TRAFFIC, type Traffic } from './answered.ts';
import { TrafficCounter } from './counter.ts';
import { createDailySalt } from './daily-salt.ts';

/** What was counted is sent so long after the first of it, ms. Where nobody comes, nothing is sent and no timer runs. */
const SEND_AFTER_MS = 5_000;

export interface TrafficSender {
  traffic: Traffic;
  /** Sends what is counted, before the process ends. */
  flush: () => void;
}

/** Counts what this process answers, and tells the primary every few seconds, which passes it on to the monitor. */
export function createTrafficSender(
  config: Pick<Config, 'monitor' | 'dataDir' | 'hosts' | 'publicUrl' | 'trustedProxies'>,
  link: Link,
  log: Logger,
): TrafficSender {
  // Nobody would take it.
  if (!config.monitor) return { traffic: NO_TRAFFIC, flush() {} };
  const flush = (): void => {
    const batch = traffic.take();
    if (batch !== undefined) link.send({ type: 'traffic', batch });
  };
  const traffic = new TrafficCounter({
    ownHosts: [...config.hosts, ...(URL.canParse(config.publicUrl) ? [new URL(config.publicUrl).host] : [])],
    trusted: trustedProxyList(config.trustedProxies),
    saltOf: createDailySalt(config.dataDir, (problem) =>
      log.warn({ problem }, 'the salt of the day cannot be shared: visitors of several workers count several times'),
    ),
    onFirst: () => void setTimeout(flush, SEND_AFTER_MS).unref(),
  });
  return { traffic, flush };
}
