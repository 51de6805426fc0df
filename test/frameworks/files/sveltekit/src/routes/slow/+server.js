export const GET = async () => {
  await new Promise((resolve) => setTimeout(resolve, 100));
  return new Response('slow');
};
