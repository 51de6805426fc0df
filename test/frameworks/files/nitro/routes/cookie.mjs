import { defineHandler } from 'nitro/h3';

export default defineHandler((event) => {
  event.res.headers.append('set-cookie', 'session=1; Path=/; HttpOnly');
  event.res.headers.append('set-cookie', 'seen=1');
  return event.req.headers.get('cookie') ?? 'none';
});
