import type { Sample, WorkerSample } from '../../../monitor-sample.ts';
import { byId, el, setClass, setText } from './dom.ts';
import { amount, bytes, duration, percent, span } from './format.ts';

/** Columns: head, what it means, the cell of a worker, and when a cell is to be seen at once. */
const COLUMNS: readonly {
  head: string;
  means: string;
  cell: (worker: WorkerSample, seconds: number) => string;
  hot?: (worker: WorkerSample) => boolean;
}[] = [
  { head: 'State', means: '', cell: ({ state }) => state },
  { head: 'Age', means: 'since its process started', cell: ({ ageSeconds }) => span(ageSeconds * 1_000) },
  { head: 'Arrived /s', means: 'requests', cell: ({ arrived }, seconds) => amount(arrived / seconds) },
  { head: 'Served /s', means: 'by the site', cell: ({ completed }, seconds) => amount(completed / seconds) },
  {
    head: 'Refused /s',
    means: 'asked to wait',
    cell: ({ refused }, seconds) => amount(refused / seconds),
    hot: ({ refused }) => refused > 0,
  },
  { head: 'Conns', means: 'open connections', cell: ({ connections }) => amount(connections) },
  { head: 'In flight', means: 'requests the site works on', cell: ({ inFlight }) => amount(inFlight) },
  {
    head: 'Queue',
    means: 'requests that wait',
    cell: ({ queued }) => amount(queued),
    hot: ({ queued }) => queued > 20,
  },
  {
    head: 'Delay',
    means: 'how long the oldest has waited',
    cell: ({ queueDelayMs }) => duration(queueDelayMs),
    hot: ({ queueDelayMs }) => queueDelayMs > 200,
  },
  {
    head: 'Lag p99',
    means: 'event-loop lag',
    cell: ({ lagP99Ms }) => duration(lagP99Ms),
    hot: ({ lagP99Ms }) => lagP99Ms > 100,
  },
  { head: 'ELU', means: 'share of time busy', cell: ({ elu }) => percent(elu), hot: ({ elu }) => elu > 0.9 },
  {
    head: 'Pool',
    means: 'tasks running and waiting',
    cell: ({ poolRunning, poolQueued }) => `${poolRunning}+${poolQueued}`,
  },
  { head: 'Memory', means: 'resident', cell: ({ rssBytes }) => bytes(rssBytes) },
  { head: 'Heap', means: 'JavaScript heap in use', cell: ({ heapBytes }) => bytes(heapBytes) },
  {
    head: 'DB wait',
    means: 'time spent waiting for SQLite locks',
    cell: ({ sqliteWaitMs }) => duration(sqliteWaitMs),
    hot: ({ sqliteWaitMs }) => sqliteWaitMs > 100,
  },
  { head: 'Last words', means: 'why it ended or could not start', cell: ({ lastWords }) => lastWords },
];

/** The table of workers, which is changed in place: a row stays where it is while its worker lives. */
export class FleetTable {
  private readonly body = byId('fleet-rows');
  private readonly rows = new Map<
    string,
    { row: HTMLTableRowElement; name: HTMLElement; cells: HTMLTableCellElement[] }
  >();

  constructor() {
    byId('fleet-head').append(
      el('th', { scope: 'col' }, 'Worker'),
      ...COLUMNS.map(({ head, means }) => el('th', { scope: 'col', ...(means === '' ? {} : { title: means }) }, head)),
    );
  }

  show({ workers, seconds, target, min, max, spares }: Sample): void {
    const serving = workers.filter(({ state }) => state === 'serving').length;
    setText(
      byId('fleet-words'),
      `${serving} of ${target} wanted serve, ${spares} ${spares === 1 ? 'spare' : 'spares'}, from ${min} to ${max}.`,
    );
    for (const worker of workers) this.write(worker, Math.max(1, seconds));
    const known = new Set(workers.map(({ name }) => name));
    for (const [name, { row }] of this.rows)
      if (!known.has(name)) {
        row.remove();
        this.rows.delete(name);
      }
  }

  private write(worker: WorkerSample, seconds: number): void {
    let found = this.rows.get(worker.name);
    if (found === undefined) {
      const name = el('span');
      const cells = COLUMNS.map(() => el('td'));
      found = { row: el('tr', {}, el('th', { scope: 'row' }, name), ...cells), name, cells };
      this.rows.set(worker.name, found);
      this.body.append(found.row);
    }
    setText(found.name, `${worker.name} (${worker.pid})`);
    setClass(found.row, `state-${worker.state}`);
    for (const [index, { cell, hot }] of COLUMNS.entries()) {
      setText(found.cells[index]!, cell(worker, seconds));
      setClass(found.cells[index]!, hot?.(worker) ? 'hot' : '');
    }
  }
}
