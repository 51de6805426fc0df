const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export const GET = () =>
  new Response(
    new ReadableStream({
      async start(controller) {
        for (const word of ['0', '1', '2']) {
          controller.enqueue(new TextEncoder().encode(`data: ${word}\n\n`));
          await wait(50);
        }
        controller.close();
      },
    }),
    { headers: { 'content-type': 'text/event-stream' } },
  );
