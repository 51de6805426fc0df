import { defineHandler } from 'nitro/h3';

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export default defineHandler((event) => {
  event.res.headers.set('content-type', 'text/event-stream');
  return new ReadableStream({
    async start(controller) {
      for (const word of ['0', '1', '2']) {
        controller.enqueue(new TextEncoder().encode(`data: ${word}\n\n`));
        await wait(50);
      }
      controller.close();
    },
  });
});
