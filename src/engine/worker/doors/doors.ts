import cluster from 'node:cluster';
import type { Logger } from 'pino';
import type { AppConfig } from '../../app-config.ts';
import { FOUND_APP, type FoundApp } from '../../found-app.ts';
import type { Site, SiteModule } from '../../site.ts';
import type { App } from './app.ts';
import { holdSignals } from './app-signals.ts';
import { exportedApp } from './exported-app.ts';
import type { ShownAddress } from './mute-handle.ts';
import { TakenServer } from './taken-server.ts';

export interface DoorOptions {
  /** Where visitors arrive. */
  shown: ShownAddress;
  /** PORT, as it was asked for. */
  wantedPort: number;
  /** TAHAN_PUBLIC_URL; empty: not set. */
  publicUrl: string;
  log: Logger;
  /** What `tahan.config` says of the app. @throws {SiteStartError} */
  readAppConfig: () => Promise<AppConfig>;
  /** The app has closed its server: this worker is to leave. */
  onLeave: () => void;
}

/** An app that does nothing yet is spoken of after this long, ms. */
const SILENT_MS = 5_000;

/**
 * The ways in for an app that knows nothing of Tahan: it exports a request listener or a framework's app, or it listens.
 * To be opened before the app's code runs.
 */
export class Doors {
  private readonly options: DoorOptions;
  private readonly taken: TakenServer;
  private readonly signals = holdSignals();
  private told = false;

  constructor(options: DoorOptions) {
    this.options = options;
    const { shown, wantedPort, log, onLeave } = options;
    this.taken = new TakenServer({ shown, wantedPort, warn: (line) => log.warn(line), onClose: onLeave });
    // In a worker it is absent, and an app would fail with "not a function".
    cluster.fork = () => {
      throw new Error('Tahan keeps the workers of this app: it must not fork workers of its own (cluster.fork)');
    };
  }

  /**
   * The site behind a module that exports no `createSite`: of the app that it exports, or of the server with which it
   * listens. Resolves when there is one.
   * @throws {SiteStartError} the file `tahan.config` cannot be used
   */
  async siteModuleOf(module: Record<string, unknown>): Promise<SiteModule> {
    const { taken } = this;
    const config = await this.options.readAppConfig();
    const exported = taken.app === undefined ? await exportedApp(module) : undefined;
    if (exported === undefined) await this.untilItListens();
    const { kind } = taken.app ?? exported!;
    const found: FoundApp = { door: taken.app === undefined ? 'export' : 'listen', kind, port: taken.port };
    FOUND_APP.publish(found);
    // An app that is exported and listens later is asked as it listens from then on.
    return { createSite: () => this.siteOf(() => taken.app ?? exported!, config) };
  }

  private siteOf(app: () => App, config: AppConfig): Site {
    return {
      handler: (request, response) => app().handler(request, response),
      upgrade: (request, socket, head) => app().upgrade?.(request, socket, head) ?? false,
      policies: config.routes ?? [],
      learns: true,
      ...(this.options.publicUrl === '' ? {} : { host: new URL(this.options.publicUrl).host }),
      ...(config.mainPage === undefined ? {} : { mainPage: config.mainPage }),
      ...(config.languages === undefined ? {} : { languages: config.languages }),
      ...(config.isMember === undefined ? {} : { isMember: config.isMember }),
      ...(config.sessionCookies === undefined ? {} : { sessionCookies: config.sessionCookies }),
      close: () => this.end(),
      endsItself: () => this.told,
    };
  }

  /** The visitors are gone: the app learns that it is to end, as it would from SIGTERM under plain node. */
  private end(): void {
    this.told = this.signals.tellTerm();
    this.taken.release();
  }

  private async untilItListens(): Promise<void> {
    const timer = setTimeout(() => {
      this.options.log.warn(
        'the app has run, but it exports no app (a request listener, Express, Koa, Fastify, Hono) and does not listen yet; Tahan waits for it to listen',
      );
    }, SILENT_MS);
    await this.taken.first;
    clearTimeout(timer);
  }
}
