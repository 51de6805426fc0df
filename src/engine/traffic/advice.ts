/** What to change so that the page cache helps more. */
export interface Advice {
  kind: 'cache-route' | 'longer-ttl' | 'split-key';
  route: string;
  /** CPU time that it would save in the range looked at, seconds. */
  savedSeconds: number;
  text: string;
}
