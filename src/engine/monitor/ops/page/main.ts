import type { Sample } from '../../../monitor-sample.ts';
import type { HistoryAnswer } from '../source.ts';
import { Actions } from './actions.ts';
import * as api from './api.ts';
import { Charts } from './charts.ts';
import { byId, setClass, setText } from './dom.ts';
import { FleetTable } from './fleet.ts';
import { Glance } from './glance.ts';
import { Holds } from './holds.ts';
import { showLatency } from './latency.ts';
import { showAlerts, showEvents, showHost, showIncidents, showPlanned, showProfiles, showStorage } from './panels.ts';
import { RangePicker, type View } from './range.ts';
import { showStress } from './stress.ts';
import { TailPanel } from './tail.ts';
import { showTraffic } from './traffic.ts';
import { ViewPanel } from './view.ts';

/** Samples that are kept for the glance and its trend, ms. */
const RECENT_MS = 120_000;
const POINTS = 600;
/** The charts of a short range are drawn anew this often, of a long one as often as a point comes; ms. */
const LEAST_REFRESH_MS = 2_000;
const MOST_REFRESH_MS = 60_000;
const SLOW_REFRESH_MS = 15_000;

let recent: Sample[] = [];
/** The server's clock over this machine's, ms. */
let ahead = 0;
const serverNow = (): number => Date.now() + ahead;

const glance = new Glance();
const fleet = new FleetTable();
const actions = new Actions(() => void refreshLists());
const holds = new Holds((hold) => actions.letGo(hold));
const picker: RangePicker = new RangePicker(() => {
  void refresh();
  keepChoices();
});
const charts: Charts = new Charts((from, to) => picker.zoom(from, to));
const panel: ViewPanel = new ViewPanel(() => charts.recolour(), keepChoices);
/** As the server has them. */
let keptChoices = '';

let timer: ReturnType<typeof setTimeout> | undefined;
let asked = 0;

/** Draws the range that is shown. A newer call makes an older one's answer void. */
async function refresh(): Promise<void> {
  clearTimeout(timer);
  const mine = ++asked;
  const view = picker.view(serverNow());
  const stepMs = Math.max(1_000, (view.to - view.from) / POINTS);
  const refreshMs = Math.min(MOST_REFRESH_MS, Math.max(LEAST_REFRESH_MS, stepMs));
  try {
    await draw(inSteps(view, refreshMs), () => mine === asked);
    fail('');
  } catch (error) {
    fail(error instanceof Error ? error.message : String(error));
  }
  if (mine === asked && view.live) timer = setTimeout(() => void refresh(), refreshMs);
}

/** All pages that are open ask for the same steps, so that the monitor counts them once. */
function inSteps(view: View, stepMs: number): View {
  if (!view.live) return view;
  const to = Math.ceil(view.to / stepMs) * stepMs;
  return { ...view, to, from: to - (view.to - view.from) };
}

async function draw(view: View, stillWanted: () => boolean): Promise<void> {
  const { from, to, compareMs } = view;
  const [history, before, events] = await Promise.all([
    api.history(from, to, POINTS),
    compareMs === 0 ? undefined : api.history(from - compareMs, to - compareMs, POINTS),
    api.events(from, to),
  ]);
  if (!stillWanted()) return;
  charts.draw({ history: withShares(history), before: before && withShares(before), events, view });
  showEvents(events, serverNow());
}

/** The share of answers that came from the cache, which the history does not keep by itself. */
function withShares(history: HistoryAnswer): HistoryAnswer {
  const { at, series } = history;
  const rate = (name: string, index: number): number => series[`rate.${name}`]?.[index] ?? 0;
  const share = at.map((_, index) => {
    const hits = rate('fresh', index) + rate('last_good', index);
    const all = hits + rate('rendered', index) + rate('site', index) + rate('refused', index) + rate('failed', index);
    return all === 0 ? null : hits / all;
  });
  return { ...history, series: { ...series, 'cache.share': share } };
}

async function refreshLists(): Promise<void> {
  const { from, to } = picker.view(serverNow());
  const [alerts, incidents, profiles, stress, traffic, latency, storage, planned] = await Promise.all([
    api.alerts(),
    api.incidents(),
    api.profiles(),
    api.stress(),
    api.traffic(from, to),
    api.latency(from, to),
    api.storage(),
    api.planned(),
  ]);
  showAlerts(alerts, serverNow(), (name) => actions.mute(name));
  showIncidents(incidents, serverNow());
  showProfiles(profiles);
  showStress(stress, serverNow());
  showTraffic(traffic);
  showLatency(latency);
  showStorage(storage);
  showPlanned(planned, (id, name) => actions.removeEvent(id, name));
}

function take(sample: Sample): void {
  recent = [...recent.filter(({ at }) => at > sample.at - RECENT_MS && at < sample.at), sample];
  glance.show(recent, serverNow());
  fleet.show(sample);
  showHost(sample);
  holds.show(sample, serverNow());
}

/** Keeps what is chosen on the server, where it is something else. */
function keepChoices(): void {
  const choices = { ...picker.choice, ...panel.choice };
  const text = JSON.stringify(choices);
  if (text === keptChoices) return;
  keptChoices = text;
  api.keepView(choices).catch((error: unknown) => fail(`The view is not kept: ${String(error)}`));
}

function fail(text: string): void {
  setText(byId('problem'), text);
  byId('problem').hidden = text === '';
}

async function start(): Promise<void> {
  // What scrolls can be scrolled by keyboard.
  for (const part of document.querySelectorAll<HTMLElement>('.scroll, .events')) part.tabIndex = 0;
  const { now, sample, recent: before, signedIn, csrf, view } = await api.now();
  picker.begin(view);
  panel.begin(view);
  keptChoices = JSON.stringify({ ...picker.choice, ...panel.choice });
  ahead = now - Date.now();
  actions.csrf = csrf;
  byId('sign-in').hidden = signedIn;
  byId('sign-out').hidden = !signedIn;
  recent = before;
  if (sample !== null) take(sample);
  const tail: TailPanel = new TailPanel((watching) => following.showTail(watching));
  const following = api.follow({
    sample: take,
    tail: (requests) => tail.take(requests),
    news: () => {
      void refresh();
      void refreshLists().catch(() => {}); // told by the next refresh
    },
    state(open) {
      setText(byId('live'), open ? 'live' : 'reconnecting');
      setClass(byId('live'), open ? 'live' : 'live away');
      if (open) void refresh();
    },
  });
  await refresh();
  const lists = async (): Promise<void> => {
    await refreshLists().catch((error: unknown) => fail(String(error)));
    setTimeout(() => void lists(), SLOW_REFRESH_MS);
  };
  await lists();
}

start().catch((error: unknown) => fail(error instanceof Error ? error.message : String(error)));
