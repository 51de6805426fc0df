/** When the connections of this process are to end. */
export interface Leaving {
  /** This worker leaves: each answer ends its connection, so that the client comes back to another. */
  readonly draining: boolean;
  /** Whether the connection of the next answer is to end with it, for another worker to have; counts it. */
  shouldCloseForRebalance(): boolean;
}
