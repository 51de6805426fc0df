import type { Journey, Visitor } from '../../load/journey.ts';
import { csrfOf, postLinks } from '../../load/visitor.ts';

/** They come first, and sign in while there is room. */
const MEMBERS = 4;
/** Of those who come later, one in eight is one of them again; the others want an export. */
const ONE_IN = 8;
const TRIES = 8;

interface Member {
  name: string;
  token: string;
  post: string;
}
const members: Member[] = [];

const journey: Journey = async (visitor) => {
  const { number, pick, ask } = visitor;
  if (number <= MEMBERS) {
    await signIn(visitor, `member-${number}`);
    return;
  }
  const member = pick(members);
  if (member === undefined || number % ONE_IN !== 0) {
    await ask('export', { path: '/lab/pool?ms=300', thinkMs: 1 });
    return;
  }
  await ask('home', { path: '/', thinkMs: 1 });
  const form = { _csrf: member.token, liked: String(number % (2 * ONE_IN) === 0 ? 1 : 0) };
  await ask('like', { path: `${member.post}/like`, form, as: member.name, thinkMs: 1 });
};
export default journey;

async function signIn({ ask, accounts }: Visitor, name: string): Promise<void> {
  const posts = postLinks((await ask('posts', { path: '/posts', thinkMs: 1 })) ?? '');
  const token = csrfOf((await ask('sign-in page', { path: '/login', as: name, thinkMs: 1 })) ?? '');
  if (token === undefined) return;
  const form = { _csrf: token, name, password: accounts.password, next: '/dashboard' };
  let welcome: string | undefined;
  // The first sign-in starts threads: on a busy machine that may take longer than a visitor waits.
  for (let attempt = 0; attempt < TRIES && welcome === undefined; attempt += 1)
    welcome = await ask('sign in', { path: '/login', form, as: name, thinkMs: 300 });
  if (welcome === undefined) return;
  const own = csrfOf((await ask('dashboard', { path: '/dashboard', as: name, thinkMs: 1 })) ?? '');
  if (own !== undefined && posts[0] !== undefined) members.push({ name, token: own, post: posts[0] });
}
