import type { Journey } from '../../load/journey.ts';
import { csrfOf, postLinks } from '../../load/visitor.ts';

/** They come first, sign in while there is room, and stay. */
const MEMBERS = 4;
/** As long as the exports last at least, also at the pace of --smoke. */
const LIKES = 10;
const BETWEEN_LIKES_MS = 350;

const journey: Journey = async ({ number, pick, ask, accounts }) => {
  if (number > MEMBERS) {
    await ask('export', { path: '/lab/pool?ms=300' });
    return;
  }
  await ask('home', { path: '/' });
  const posts = postLinks((await ask('posts', { path: '/posts', thinkMs: 1 })) ?? '');
  const token = csrfOf((await ask('sign-in page', { path: '/login', thinkMs: 1 })) ?? '');
  if (token === undefined) return;
  const form = { _csrf: token, name: `member-${number}`, password: accounts.password, next: '/dashboard' };
  if ((await ask('sign in', { path: '/login', form, thinkMs: 1 })) === undefined) return;
  const own = csrfOf((await ask('dashboard', { path: '/dashboard', thinkMs: 1 })) ?? '');
  for (let like = 0; like < LIKES && own !== undefined; like += 1) {
    const post = pick(posts);
    const liked = { path: `${post}/like`, form: { _csrf: own, liked: String(like % 2) }, thinkMs: BETWEEN_LIKES_MS };
    if (post !== undefined) await ask('like', liked);
  }
};
export default journey;
