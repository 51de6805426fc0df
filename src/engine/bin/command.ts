import cluster from 'node:cluster';
import { readConfig } from '../../config.ts';
import { readEnvironment } from '../../environment.ts';
import { runEventCommand } from '../events/command.ts';
import { writeForce } from '../events/force.ts';
import { operatorToken } from '../secret.ts';
import { readCommandLine } from './command-line.ts';
import { actOn, readFleet, reloadServer, stopServer } from './control.ts';
import { EXIT_USAGE, failStart, stop } from './failure.ts';
import { CommandError, entryAt, entryOf, projectOf } from './find-entry.ts';
import { showLogs } from './logs.ts';
import { OPERATOR_HELP } from './operator-words.ts';
import { readServerFile, type ServerFile } from './server-file.ts';
import { settingLines } from './setting-lines.ts';
import { FOR_APPS, standardDataDir } from './settings.ts';
import { statusLines } from './status-lines.ts';
import { runTop } from './top.ts';

const HELP = `Tahan: puts any Node web app behind a server that stays up when everyone arrives at once.

  tahan app.js [arguments]   serve the app: what you would start with "node app.js"
  tahan                      serve the app of this folder: "start" or "main" in package.json
  tahan status               how the server of this folder is
  tahan top                  the same each second: what visitors get, what limits it, the fleet
  tahan logs [--follow]      the log that the data folder keeps; also --lines 100, --level warn
  tahan event add|list|remove   times for which the server makes itself ready (tahan event: how)
  tahan reload               new code and settings, without losing a request
  tahan stop                 end it; requests under way are finished
  tahan init [app.js]        write tahan.config.ts, and files for pm2, systemd and Docker
  tahan stress [app.js]      starts the app once more, beside yours, and does to it what a bad evening does: a verdict and a report
  tahan doctor               what of this machine will hurt in a surge, and what to do
  tahan doctor app.js        the same of an app: starts it for a look, asks for some pages, ends it
  tahan settings             every setting, its default and what it is for

What an operator has done, also at /ops of the admin port:
${OPERATOR_HELP.map(([line, text]) => `  tahan ${line.padEnd(24)} ${text}`).join('\n')}

Settings are environment variables, lines in the file .env, or "settings" in tahan.config.ts (.js, .mjs, .json).
PORT (3000) and HOST (0.0.0.0) say where visitors arrive.`;

async function main(): Promise<void> {
  const cwd = process.cwd();
  const wish = readCommandLine(process.argv.slice(2));
  switch (wish.do) {
    case 'help':
      return console.log(HELP);
    case 'version':
      return console.log(readConfig({}).version);
    case 'settings':
      return console.log(settingLines({ ...FOR_APPS, TAHAN_DATA_DIR: '.tahan beside package.json' }).join('\n'));
    case 'refuse':
      return stop(EXIT_USAGE, wish.why);
    case 'run': {
      if (cluster.isWorker)
        throw new CommandError('Tahan keeps its own workers: start it in fork mode, not in the cluster mode of pm2');
      const { run } = await import('./run.ts');
      return run(wish.entry === undefined ? entryOf(cwd) : entryAt(wish.entry, wish.args, cwd));
    }
    case 'init': {
      const { init } = await import('./init.ts');
      return console.log(init(wish.entry, cwd).join('\n'));
    }
    case 'act': {
      const found = server(cwd);
      const { token } = operatorToken(found.dataDir, readEnvironment().env.TAHAN_ADMIN_TOKEN?.trim() ?? '');
      return console.log(await actOn(adminOf(found), token, wish.action));
    }
    case 'stress': {
      const { stress } = await import('./stress.ts');
      return stress(
        wish.entry === undefined ? undefined : entryAt(wish.entry, [], cwd),
        wish.words,
        dataDirOf(cwd),
        cwd,
      );
    }
    case 'event': {
      return console.log(runEventCommand(wish.words, dataDirOf(cwd), Date.now()).join('\n'));
    }
    case 'reload': {
      if (wish.force) writeForce(dataDirOf(cwd));
      return console.log(await reloadServer(adminOf(server(cwd))));
    }
    case 'stop':
      return console.log(await stopServer(adminOf(server(cwd))));
    case 'doctor': {
      if (wish.entry !== undefined) {
        const { lookAtApp } = await import('./doctor-app.ts');
        return lookAtApp(entryAt(wish.entry, wish.args, cwd));
      }
      const { examine } = await import('../doctor/doctor.ts');
      const { env } = readEnvironment();
      const { lines, healthy } = await examine(
        readConfig({ ...env, TAHAN_DATA_DIR: env.TAHAN_DATA_DIR?.trim() || standardDataDir(projectOf(cwd)) }),
      );
      console.log(lines.join('\n'));
      process.exitCode = healthy ? 0 : 1;
      return;
    }
    case 'top': {
      const found = server(cwd);
      const { token } = operatorToken(found.dataDir, readEnvironment().env.TAHAN_ADMIN_TOKEN?.trim() ?? '');
      return runTop(adminOf(found), token);
    }
    case 'logs':
      return showLogs(dataDirOf(cwd), wish.logs, (text) => process.stdout.write(text));
    case 'status': {
      const found = server(cwd);
      return console.log([found.url, ...statusLines(await readFleet(adminOf(found)), Date.now())].join('\n'));
    }
  }
}

const adminOf = ({ adminHost, adminPort }: ServerFile): { host: string; port: number } => ({
  host: adminHost,
  port: adminPort,
});

const dataDirOf = (cwd: string): string =>
  readEnvironment().env.TAHAN_DATA_DIR?.trim() || standardDataDir(projectOf(cwd));

/** @throws {CommandError} none of this folder runs */
function server(cwd: string): ServerFile & { dataDir: string } {
  const dataDir = dataDirOf(cwd);
  const found = readServerFile(dataDir);
  if (found === undefined)
    throw new CommandError(
      `no server runs with the data folder ${dataDir}; call this in the folder of the app, or set TAHAN_DATA_DIR`,
    );
  return { ...found, dataDir };
}

main().catch(failStart);
