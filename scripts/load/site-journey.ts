import type { Journey, Visitor } from './journey.ts';
import { csrfOf, postLinks } from './visitor.ts';

/** Who comes: most read; of the members some have no account yet, and some write. */
const MEMBERS = 0.25;
const REGISTERING = 0.05;
const PUBLISHING = 0.1;
const WORDS = ['tree', 'repair', 'server', 'campaign', 'garden', 'meeting', 'water', 'winter'];

/** A visit of the built-in site: what fails is left, and what does not depend on it goes on. */
const journey: Journey = async (visitor) => {
  const { ask, pick, random } = visitor;
  const isMember = random() < MEMBERS;
  await ask('home', { path: '/' });
  const post = pick(postLinks((await ask('posts', { path: '/posts' })) ?? ''));
  if (isMember) {
    await visitAsMember(visitor, post);
    return;
  }
  if (post !== undefined) await ask('post', { path: post });
  await ask('search', { path: `/search?q=${pick(WORDS)}` });
};
export default journey;

async function visitAsMember(visitor: Visitor, post: string | undefined): Promise<void> {
  const { number, ask, random, accounts } = visitor;
  const registers = random() < REGISTERING;
  const publishes = !registers && random() < PUBLISHING;
  const name = registers
    ? `visitor-${number}`
    : `member-${1 + Math.floor(random() * (publishes ? accounts.editors : accounts.count))}`;
  const token = csrfOf((await ask('sign-in page', { path: registers ? '/register' : '/login' })) ?? '');
  if (token === undefined) return;
  const form = { _csrf: token, name, password: accounts.password, next: '/dashboard' };
  const welcome = registers
    ? await ask('register', { path: '/register', form: { ...form, displayName: `Visitor ${number}` } })
    : await ask('sign in', { path: '/login', form });
  if (welcome === undefined) return;
  const own = csrfOf((await ask('dashboard', { path: '/dashboard' })) ?? '');
  if (post !== undefined) await ask('post as member', { path: post });
  if (own === undefined) return;
  if (post !== undefined) await ask('like', { path: `${post}/like`, form: { _csrf: own, liked: '1' } });
  if (publishes) await publish(visitor, own);
  await ask('dashboard', { path: '/dashboard' });
}

async function publish({ number, ask, check }: Visitor, token: string): Promise<void> {
  const post = newPost(number);
  const published = await ask('publish', { path: '/editor/new', form: { _csrf: token, ...post } });
  if (published === undefined) return;
  const posts = await ask('posts after publishing', { path: '/posts', thinkMs: 1, anonymous: true });
  if (posts !== undefined) check('what was published is shown', posts.includes(post.title));
}

/** Fields of the editor's form. */
export const newPost = (number: number): { title: string; markdown: string; tags: string; action: string } => ({
  title: `From the bench, number ${number}`,
  markdown: `**News** of the bench, number ${number}.\n\n${'A sentence that is long enough to be read. '.repeat(20)}`,
  tags: 'bench',
  action: 'publish',
});
