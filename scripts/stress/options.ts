import { parseArgs } from 'node:util';

export interface StressOptions {
  help: boolean;
  smoke: boolean;
  /** Though an event goes on. */
  force: boolean;
  only: string[];
  html: string | undefined;
  json: string | undefined;
  junit: string | undefined;
  compare: string | undefined;
  seed: number;
  /** A server that runs already, in the place of an instance of one's own. */
  target: { host: string; port: number; isOwn: boolean } | undefined;
  /** An app of its own to start, as `tahan` would (`tahan stress`), in the place of the site of this repository. */
  app: { file: string; args: string[] } | undefined;
  routes: string[];
  journey: string | undefined;
  runs: number;
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3})$/;
const MAX_RUNS = 10;

const OPTIONS = {
  help: { type: 'boolean', short: 'h' },
  smoke: { type: 'boolean' },
  force: { type: 'boolean' },
  only: { type: 'string', multiple: true },
  report: { type: 'string' },
  json: { type: 'string' },
  junit: { type: 'string' },
  compare: { type: 'string' },
  seed: { type: 'string' },
  target: { type: 'string' },
  'i-own-this-host': { type: 'string' },
  route: { type: 'string', multiple: true },
  journey: { type: 'string' },
  runs: { type: 'string' },
  app: { type: 'string' },
} as const;

/** The command line. `mistakes`: one line each; with any, nothing is to be done. */
export function readOptions(
  args: readonly string[],
  scenarios: readonly string[],
): { options: StressOptions; mistakes: string[] } {
  const mistakes: string[] = [];
  const { tokens } = parseArgs({
    args: [...args],
    options: OPTIONS,
    strict: false,
    tokens: true,
    allowPositionals: true,
  });
  const values: Record<string, string[]> = {};
  for (const token of tokens) {
    if (token.kind === 'option-terminator') break;
    if (token.kind === 'positional') mistakes.push(`${token.value}: there is nothing to say but options`);
    if (token.kind !== 'option') continue;
    const { name, rawName, value } = token;
    const known = Object.hasOwn(OPTIONS, name) ? OPTIONS[name as keyof typeof OPTIONS] : undefined;
    if (known === undefined) mistakes.push(`${rawName}: no such option; --help lists them`);
    else if (known.type === 'string' && (value === undefined || value === ''))
      mistakes.push(`${rawName}: needs a value`);
    else if (known.type === 'boolean' && value !== undefined) mistakes.push(`${rawName}: takes no value`);
    else values[name] = [...(values[name] ?? []), value ?? ''];
  }
  const last = (name: keyof typeof OPTIONS): string | undefined => values[name]?.at(-1);
  const whole = (name: 'seed' | 'runs', standard: number, min: number, max: number): number => {
    const text = last(name);
    if (text === undefined) return standard;
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    mistakes.push(`--${name} ${text}: must be a whole number from ${min} to ${max}`);
    return standard;
  };
  const only = (values.only ?? []).flatMap((text) => text.split(','));
  for (const name of only)
    if (!scenarios.includes(name)) mistakes.push(`--only ${name}: no such scenario; there are ${scenarios.join(', ')}`);
  const routes = values.route ?? [];
  for (const path of routes)
    if (!/^\/[!-~]{0,2000}$/.test(path)) mistakes.push(`--route ${path}: must be a path, such as /prices`);
  const file = last('app');
  const end = tokens.find(({ kind }) => kind === 'option-terminator');
  const appArgs = end === undefined ? [] : args.slice(end.index + 1);
  if (file === undefined && appArgs.length > 0) mistakes.push('--: what stands behind it goes to the app of --app');
  if (file !== undefined && values.target !== undefined) mistakes.push('--app: not with --target, which runs already');
  const app = file === undefined ? undefined : { file, args: appArgs };
  return {
    options: {
      help: values.help !== undefined,
      force: values.force !== undefined,
      smoke: values.smoke !== undefined,
      only,
      html: last('report'),
      json: last('json'),
      junit: last('junit'),
      compare: last('compare'),
      seed: whole('seed', 1, 0, 999_999_999),
      target: targetOf(last('target'), last('i-own-this-host'), mistakes),
      app,
      routes,
      journey: last('journey'),
      runs: whole('runs', 1, 1, MAX_RUNS),
    },
    mistakes,
  };
}

function targetOf(
  text: string | undefined,
  owned: string | undefined,
  mistakes: string[],
): StressOptions['target'] | undefined {
  if (text === undefined) {
    if (owned !== undefined) mistakes.push('--i-own-this-host: goes with --target only');
    return undefined;
  }
  if (!URL.canParse(text)) {
    mistakes.push(`--target ${text}: must be a URL, such as http://127.0.0.1:3000`);
    return undefined;
  }
  const { protocol, hostname, port, pathname, search } = new URL(text);
  if (protocol !== 'http:')
    mistakes.push(`--target ${text}: must begin with http://; TLS is what stands in front of Tahan`);
  if (pathname !== '/' || search !== '')
    mistakes.push(`--target ${text}: must end with the port; pages go into --route`);
  const isLoopback = LOOPBACK.test(hostname);
  if (!isLoopback && owned !== hostname)
    mistakes.push(
      `--target ${text}: is not this machine; load on a server that is not yours is an attack. If it is yours, say --i-own-this-host ${hostname}`,
    );
  return {
    host: hostname === 'localhost' ? '127.0.0.1' : hostname,
    port: Number(port || 80),
    isOwn: !isLoopback,
  };
}
