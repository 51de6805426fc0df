/** Sessions that are remembered; older ones are forgotten, and then belong to nobody. */
export const MAX_SESSIONS = 100_000;

/** Which worker has a session of Socket.IO's polling in its memory, by the worker's number. */
export class SessionOwners {
  private readonly owners = new Map<string, number>();

  /** True: it is the first session of all. */
  note(sid: string, worker: number): boolean {
    const first = this.owners.size === 0;
    this.owners.delete(sid);
    this.owners.set(sid, worker);
    if (this.owners.size > MAX_SESSIONS) this.owners.delete(this.owners.keys().next().value!);
    return first;
  }

  get any(): boolean {
    return this.owners.size > 0;
  }

  of(sid: string): number | undefined {
    return this.owners.get(sid);
  }

  gone(worker: number): void {
    for (const [sid, owner] of this.owners) if (owner === worker) this.owners.delete(sid);
  }
}
