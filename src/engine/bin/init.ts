import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { CommandError, type Entry, entryAt, entryOf, projectOf } from './find-entry.ts';

/** What an app is, as far as the files that are written need it. */
export interface Project {
  /** Absolute folder of its package.json. */
  folder: string;
  name: string;
  /** The app's file, from the folder. */
  entry: string;
  args: readonly string[];
}

/** What is written: name and content. */
export type NewFile = readonly [name: string, text: string];

/**
 * Writes the files that an app needs to run under Tahan, each with comments; none that is there is touched.
 * @returns one line for each file
 * @throws {CommandError} the app is not found
 */
export function init(named: string | undefined, cwd: string): string[] {
  const entry = named === undefined ? entryOf(cwd) : entryAt(named, [], cwd);
  const lines = filesFor(projectFrom(entry, cwd)).map(([name, text]) => {
    const path = join(projectOf(cwd), name);
    if (existsSync(path)) return `kept     ${name}: it is there already`;
    writeFileSync(path, text, { flag: 'wx' });
    return `written  ${name}`;
  });
  return [...lines, '', 'Next: npx tahan'];
}

function projectFrom({ file, args }: Entry, cwd: string): Project {
  const folder = projectOf(cwd);
  let name = basename(folder);
  try {
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name?: unknown };
    if (typeof manifest.name === 'string') name = manifest.name;
  } catch (cause) {
    throw new CommandError('there is no package.json here that can be read; npm init -y makes one', { cause });
  }
  const entry = relative(folder, file);
  if (entry.startsWith('..')) throw new CommandError(`${file} lies outside of ${folder}, the folder of package.json`);
  return { folder, name: name.replace(/^@[^/]*\//, ''), entry, args };
}

/** The files for an app: settings, pm2, systemd, a container. */
export const filesFor = (project: Project): readonly NewFile[] => [
  ['tahan.config.ts', configFor()],
  ['ecosystem.config.cjs', pm2For(project)],
  [`${project.name}.service`, systemdFor(project)],
  ['Dockerfile', dockerFor(project)],
];

const configFor = (): string => `import { defineConfig } from 'tahan';

export default defineConfig({
  // Settings, as in the environment: \`tahan settings\` lists them all.
  settings: {
    // PORT: '3000',
    // Behind nginx or Caddy on this machine: its address, so that the visitors' own are believed.
    // TAHAN_TRUSTED_PROXIES: '127.0.0.1',
  },
  // Without a word here every route has a place in the queue, a deadline, and is cached as its Cache-Control says.
  routes: [
    // A page that is the same for everybody: rendered once in 5 s, and shown as it was when the app has no time.
    // { route: '/news/*', cache: { ttlMs: 5_000 } },
    // What must get through when not all can.
    // { route: '/checkout', priority: 'critical' },
    // What takes longer than a page.
    // { route: '/report', deadlineMs: 10_000 },
  ],
});
`;

const pm2For = ({ name, entry, args }: Project): string => `// pm2 start ecosystem.config.cjs
module.exports = {
  apps: [
    {
      name: ${JSON.stringify(name)},
      script: 'node_modules/.bin/tahan',
      args: ${JSON.stringify([entry, ...args])},
      // Tahan keeps its own workers: fork mode, one instance.
      exec_mode: 'fork',
      instances: 1,
      wait_ready: true,
      listen_timeout: 30_000,
      // Above TAHAN_DRAIN_MS (10 s), so that requests under way are finished.
      kill_timeout: 15_000,
    },
  ],
};
`;

const systemdFor = ({ folder, name, entry, args }: Project): string => `# /etc/systemd/system/${name}.service
[Unit]
Description=${name}
After=network-online.target
Wants=network-online.target

[Service]
Type=notify
NotifyAccess=all
WatchdogSec=30
TimeoutStartSec=120
WorkingDirectory=${folder}
ExecStart=${folder}/node_modules/.bin/tahan ${[entry, ...args].join(' ')}
ExecReload=${folder}/node_modules/.bin/tahan reload
Environment=NODE_ENV=production PORT=3000
Restart=always
# Longer than TAHAN_DRAIN_MS.
TimeoutStopSec=15
# Each connection is an open file: above TAHAN_MAX_CONNECTIONS, with a thousand to spare.
LimitNOFILE=65536
User=www-data

[Install]
WantedBy=multi-user.target
`;

const dockerFor = ({ entry, args }: Project): string => `FROM node:26-slim
WORKDIR /app
COPY package*.json ./
RUN npm ci --omit=dev
COPY . .
ENV NODE_ENV=production PORT=3000
# Last good pages and the state of the server: give it a volume, and they survive a new container.
ENV TAHAN_DATA_DIR=/data
VOLUME /data
EXPOSE 3000
CMD ${JSON.stringify(['node_modules/.bin/tahan', entry, ...args])}
`;
