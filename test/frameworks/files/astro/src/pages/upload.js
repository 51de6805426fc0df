export const POST = async ({ request }) => {
  let bytes = 0;
  for await (const part of request.body) bytes += part.length;
  return new Response(String(bytes));
};
