import type { Journey } from '../../load/journey.ts';
import { newPost } from '../../load/site-journey.ts';
import { csrfOf } from '../../load/visitor.ts';

const ONE_IN = 12;
const LOOKS = 6;

/** One visitor in twelve is an editor who publishes, and looks from outside whether it is there; the others read the list. */
const journey: Journey = async ({ number, random, ask, check, accounts }) => {
  await ask('posts', { path: '/posts', anonymous: true });
  if (number % ONE_IN !== 0) return;
  const name = `member-${1 + Math.floor(random() * accounts.editors)}`;
  const token = csrfOf((await ask('sign-in page', { path: '/login' })) ?? '');
  if (token === undefined) return;
  const form = { _csrf: token, name, password: accounts.password, next: '/dashboard' };
  if ((await ask('sign in', { path: '/login', form })) === undefined) return;
  const own = csrfOf((await ask('dashboard', { path: '/dashboard' })) ?? '');
  if (own === undefined) return;
  // So that there is a copy that could be old.
  await ask('posts', { path: '/posts', anonymous: true });
  const post = { ...newPost(number), title: `Stress news, number ${number}` };
  if ((await ask('publish', { path: '/editor/new', form: { _csrf: own, ...post } })) === undefined) return;
  for (let look = 0; look < LOOKS; look += 1) {
    const posts = await ask('posts after publishing', { path: '/posts', thinkMs: 1, anonymous: true });
    if (posts !== undefined) check('what was published is shown', posts.includes(post.title));
  }
};
export default journey;
