import node from '@astrojs/node';
import { defineConfig } from 'astro/config';

export default defineConfig({
  output: 'server',
  adapter: node({ mode: process.env.ASTRO_MODE ?? 'standalone' }),
  outDir: process.env.ASTRO_MODE === 'middleware' ? './dist-handler' : './dist',
  security: { checkOrigin: false },
});
