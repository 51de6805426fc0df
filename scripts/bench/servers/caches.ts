import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answers, freePort, launch } from '../../load/processes.ts';
import type { RunningServer, ServerKind, StartOptions } from './kinds.ts';
import { koa } from './peers.ts';

interface Proxy {
  name: string;
  title: string;
  command: string;
  config: (ports: { port: number; originPort: number }, folder: string) => string;
  args: (port: number, folder: string, configFile: string) => string[];
}

/** A caching proxy in front of plain Koa, both on the server's core, in a folder of its own. */
const cacheInFront = ({ name, title, command, config, args }: Proxy): ServerKind => ({
  name,
  title,
  missing: () => (spawnSync(command, ['-V']).error === undefined ? koa.missing() : `${command} is not installed`),
  async start(options: StartOptions): Promise<RunningServer> {
    const folder = await mkdtemp(join(tmpdir(), 'tahan-bench-'));
    const origin = await koa.start(options);
    const stopOrigin = async (): Promise<void> => {
      await origin.stop();
      await rm(folder, { recursive: true });
    };
    try {
      const port = await freePort();
      const configFile = join(folder, 'config');
      await writeFile(configFile, config({ port, originPort: origin.port }, folder));
      const proxy = await launch(
        { name: title, command, args: args(port, folder, configFile), place: options.place },
        () => answers(port, '/health/ready'),
      );
      return {
        port,
        pids: [proxy.pid, ...origin.pids],
        async stop() {
          await proxy.stop();
          await stopOrigin();
        },
      };
    } catch (error) {
      await stopOrigin();
      throw error;
    }
  },
});

export const nginx = cacheInFront({
  name: 'nginx',
  title: 'nginx + Koa',
  command: 'nginx',
  args: (_port, folder, configFile) => ['-p', folder, '-c', configFile, '-e', join(folder, 'error.log')],
  // Started by root, the worker would become a user that cannot enter the folder.
  config: ({ port, originPort }, folder) => `${process.getuid?.() === 0 ? 'user root;' : ''}
daemon off;
worker_processes 1;
pid ${folder}/pid;
error_log ${folder}/error.log crit;
worker_rlimit_nofile 16384;
events { worker_connections 10240; }
http {
  access_log off;
  keepalive_requests 10000000;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  proxy_cache_path ${folder}/cache levels=1:2 keys_zone=pages:16m max_size=256m inactive=1h use_temp_path=off;
  upstream origin { server 127.0.0.1:${originPort}; keepalive 64; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://origin;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_connect_timeout 2s;
      proxy_read_timeout 2s;
      proxy_cache pages;
      proxy_cache_lock on;
      proxy_cache_background_update on;
      proxy_cache_use_stale updating error timeout http_500 http_502 http_503 http_504;
      proxy_cache_bypass $http_authorization;
      proxy_no_cache $http_authorization;
    }
  }
}
`,
});

export const varnish = cacheInFront({
  name: 'varnish',
  title: 'Varnish + Koa',
  command: 'varnishd',
  args: (port, folder, configFile) => [
    '-F',
    '-j',
    'none',
    '-n',
    join(folder, 'work'),
    '-a',
    `127.0.0.1:${port}`,
    '-f',
    configFile,
    '-s',
    'malloc,256m',
  ],
  config: ({ originPort }) => `vcl 4.1;
backend origin {
  .host = "127.0.0.1";
  .port = "${originPort}";
  .connect_timeout = 2s;
  .first_byte_timeout = 2s;
}
sub vcl_recv {
  if (req.url ~ "^/lab/(work|wait)" || req.url ~ "^/health") { return (pass); }
}
sub vcl_backend_response {
  set beresp.grace = 1h;
  if (beresp.status >= 500 && bereq.is_bgfetch) { return (abandon); }
}
`,
});
