import { execFileSync, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const DEPLOY = fileURLToPath(new URL('../../deploy/', import.meta.url));

export interface ProxySpec {
  folder: string;
  /** Where the proxy listens, and where Tahan does. */
  port: number;
  upstream: number;
}

/** The configuration of deploy/ with this machine's ports and a certificate of its own; each replacement must find its text. */
function adapt(file: string, replacements: readonly [string, string][]): string {
  let text = readFileSync(join(DEPLOY, file), 'utf8');
  for (const [from, to] of replacements) {
    if (!text.includes(from)) throw new Error(`deploy/${file} does not say ${from}`);
    text = text.replace(from, to);
  }
  return text;
}

function certificate(folder: string): { cert: string; key: string } {
  const cert = join(folder, 'cert.pem');
  const key = join(folder, 'key.pem');
  execFileSync(
    'openssl',
    `req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout ${key} -out ${cert}`.split(
      ' ',
    ),
    { stdio: 'ignore' },
  );
  return { cert, key };
}

/** What is started, with its arguments: the real servers, as Debian packages them. */
export const PROXIES: Record<string, (spec: ProxySpec) => [file: string, args: string[]]> = {
  nginx({ folder, port, upstream }) {
    const { cert, key } = certificate(folder);
    const site = adapt('nginx.conf', [
      ['127.0.0.1:3000', `127.0.0.1:${upstream}`],
      ['listen 443 ssl', `listen 127.0.0.1:${port} ssl`],
      ['/etc/letsencrypt/live/example.org/fullchain.pem', cert],
      ['/etc/letsencrypt/live/example.org/privkey.pem', key],
      ['server_name example.org', 'server_name localhost'],
    ]);
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map((name) => `${name}_temp_path ${join(folder, name)};`)
      .join('\n');
    const file = join(folder, 'nginx.conf');
    writeFileSync(
      file,
      `daemon off;\n${process.getuid?.() === 0 ? 'user root;' : ''}\npid ${join(folder, 'pid')};\nerror_log ${join(folder, 'error.log')};\nevents {}\nhttp {\naccess_log off;\n${temporary}\n${site}}\n`,
    );
    return ['nginx', ['-c', file, '-e', join(folder, 'error.log')]];
  },
  caddy({ folder, port, upstream }) {
    const { cert, key } = certificate(folder);
    const site = adapt('Caddyfile', [
      ['127.0.0.1:3000', `127.0.0.1:${upstream}`],
      ['\nexample.org {', `\nhttps://localhost:${port} {\n  tls ${cert} ${key}`],
    ]);
    const file = join(folder, 'Caddyfile');
    writeFileSync(file, `{\n  admin off\n  auto_https disable_redirects\n}\n${site}`);
    return ['caddy', ['run', '--config', file, '--adapter', 'caddyfile']];
  },
};

/** @throws {Error} at its first request, if the program is not there */
export function startProxy([file, args]: [string, string[]], home: string): { stop: () => Promise<void> } {
  const child = spawn(file, args, { stdio: 'ignore', env: { PATH: `${process.env.PATH}:/usr/sbin`, HOME: home } });
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  return {
    async stop() {
      child.kill('SIGTERM');
      // Caddy waits without bound for connections that are still open.
      const timer = setTimeout(() => child.kill('SIGKILL'), 3_000);
      await gone;
      clearTimeout(timer);
    },
  };
}
