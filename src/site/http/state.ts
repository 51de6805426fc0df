import type { RequestInfo } from '../../engine/site.ts';
import type { Session, User } from '../data/types.ts';

/** Who is signed in, and by which session. */
export interface SignedIn {
  member: User;
  session: Session;
  /** The cookie's id of the session. */
  sessionId: string;
}

/** What the middleware knows of a request; features read it from `ctx.state`. */
export interface VisitState {
  /** What the engine knows: deadline signal, address, TLS. */
  visit: RequestInfo;
  signedIn: SignedIn | undefined;
  /** The cookie is genuine but the sessions cannot be read now: the visitor may well be signed in. */
  sessionUnknown: boolean;
  /** The token that a form must carry; the first call may set a cookie. */
  csrf: () => string;
}

declare module 'koa' {
  interface DefaultState extends VisitState {}
}
