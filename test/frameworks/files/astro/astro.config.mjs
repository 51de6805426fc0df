import node from '@astrojs/node';
import { defineConfig } from 'astro/config';

export default defineConfig({
  output: 'server',
  adapter: node({ mode: process.env.ASTRO_MODE ?? 'standalone' }),
  outDir: process.env.ASTRO_MODE === 'middleware' ? './dist-handler' : './dist',
  // Beside other frameworks in one package npm puts another version of it where the built server would look.
  vite: { ssr: { noExternal: ['cookie'] } },
  security: { checkOrigin: false },
});
