import { readConfig } from '../src/config.ts';
import { IncidentFiles } from '../src/engine/monitor/incidents/incident-files.ts';
import { readEnvironment } from '../src/environment.ts';
import { fail } from './admin-port.ts';

const USAGE = `Usage: npm run incidents [-- ID]
Lists the reports of incidents, the newest first; with an ID (or the word latest) prints that report, and where its HTML
file is. They are in the folder incidents of the data folder.`;

function run([first]: readonly string[]): void {
  if (first === '--help' || first === '-h') {
    console.log(USAGE);
    return;
  }
  const files = new IncidentFiles(readConfig(readEnvironment().env).dataDir);
  const all = files.list();
  if (first === undefined) {
    if (all.length === 0) console.log('No incident so far.');
    for (const { id, title, bytes } of all) console.log(`${id}  ${title}  (${Math.ceil(bytes / 1024)} KiB)`);
    return;
  }
  const id = first === 'latest' ? all[0]?.id : first;
  const report = id === undefined ? undefined : files.read(id, 'md');
  if (id === undefined || report === undefined) throw new Error(`no report ${first}; npm run incidents lists them`);
  console.log(report);
  console.log(`HTML: ${files.path(id, 'html')}`);
}

try {
  run(process.argv.slice(2));
} catch (error) {
  fail('incidents', error);
}
