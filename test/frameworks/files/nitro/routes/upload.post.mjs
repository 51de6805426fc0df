import { defineHandler } from 'nitro/h3';

export default defineHandler(async (event) => {
  let bytes = 0;
  for await (const part of event.req.body) bytes += part.length;
  return String(bytes);
});
