import type { Mode } from '../beats.ts';
import type { Link } from '../link.ts';
import type { ServerStatus } from '../request/engine-routes.ts';
import type { Leaving } from '../request/leaving.ts';
import type { Priority } from '../site.ts';
import { Rebalance } from './rebalance.ts';
import { createScraper } from './scraper.ts';

/** How this worker is, and what the primary last told of the server. */
export class WorkerState implements Leaving, ServerStatus {
  /** Mode of the whole server. */
  mode: Mode = 'calm';
  /** Workers that serve, this one included. */
  servingWorkers = 1;
  /** Set once: this worker leaves. */
  draining = false;
  readonly rebalance = new Rebalance(() => performance.now());
  private lifeboat = true;
  private lastHealth: { status: 200 | 503; body: string } = { status: 503, body: '{"status":"down"}\n' };
  private refused = false;
  private readonly scrape: (openMetrics: boolean) => Promise<string | undefined>;

  constructor(link: Link) {
    this.scrape = createScraper(link);
    link.on('mode', (message) => {
      this.mode = message.mode;
      this.servingWorkers = message.serving;
      this.lifeboat = message.lifeboat;
      this.lastHealth = { status: message.httpStatus, body: message.health };
    });
  }

  health(): { status: 200 | 503; body: string } {
    return this.lastHealth;
  }

  ready(): boolean {
    return !this.draining && !this.lifeboat;
  }

  exposition(openMetrics: boolean): Promise<string | undefined> {
    return this.scrape(openMetrics);
  }

  shouldCloseForRebalance(): boolean {
    return this.mode !== 'saturated' && this.rebalance.next();
  }

  /** Somebody got no room. */
  noteRefusal(priority: Priority): void {
    // Crawlers are refused in good times too.
    if (priority !== 'background') this.refused = true;
  }

  /** Whether somebody got no room since this was last asked. */
  takeRefused(): boolean {
    const { refused } = this;
    this.refused = false;
    return refused;
  }
}
