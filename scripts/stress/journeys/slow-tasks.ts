import type { Journey } from '../../load/journey.ts';
import { csrfOf, postLinks } from '../../load/visitor.ts';

/** Four visitors of five want a slow export each; the fifth is a member who likes three posts. */
const journey: Journey = async ({ number, random, pick, ask, accounts }) => {
  if (number % 5 !== 0) {
    await ask('export', { path: '/lab/pool?ms=250' });
    return;
  }
  await ask('home', { path: '/' });
  const posts = postLinks((await ask('posts', { path: '/posts' })) ?? '');
  const name = `member-${1 + Math.floor(random() * accounts.count)}`;
  const token = csrfOf((await ask('sign-in page', { path: '/login' })) ?? '');
  if (token === undefined) return;
  const form = { _csrf: token, name, password: accounts.password, next: '/dashboard' };
  if ((await ask('sign in', { path: '/login', form })) === undefined) return;
  const own = csrfOf((await ask('dashboard', { path: '/dashboard' })) ?? '');
  for (let like = 0; like < 3 && own !== undefined; like += 1) {
    const post = pick(posts);
    if (post !== undefined) await ask('like', { path: `${post}/like`, form: { _csrf: own, liked: String(like % 2) } });
  }
};
export default journey;
