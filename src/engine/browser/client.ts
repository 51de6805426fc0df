/**
 * /tahan/client.js: forms that time out, try again and say plainly what goes on. One tag is all:
 * `<script type="module" src="/tahan/client.js"></script>`. Without it, or without JavaScript, forms go on as ever.
 * The package has it as `tahan/client`, for a bundler: with `send` for scripts, and without effect on a server.
 * Every try of one form carries the same idempotency key, so that the server does once what was sent more than once.
 */

/** Written by the server when it serves this file. */
const OFFLINE = '__TAHAN_OFFLINE__' as string;

const WORKER = '/tahan/sw.js';
const KEY_FIELD = '_idempotency_key';
/** A try without an answer is given up after this long, ms; `data-tahan-timeout` of a form says otherwise. */
const TIMEOUT_MS = 15_000;
/** Tries in all, and how long they may take together, ms. */
const MAX_TRIES = 12;
const GIVE_UP_MS = 180_000;
/** Pause before the second try, doubled each time up to the longest, each drawn at random from nothing up to it, ms. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 15_000;
/** Who was told when to come again comes within this long after it, ms: not all at the same moment. */
const SPREAD_MS = 1_000;
/** A longer Retry-After is for the person to decide, s. */
const MAX_RETRY_AFTER_S = 60;
/** An answer is waited for in silence for this long, ms. */
const QUIET_MS = 1_500;
const STORED = 'tahan:typed:';
const MAX_STORED_CHARACTERS = 65_536;
const STORED_FOR_MS = 3_600_000;

/** Not now, but perhaps in a moment. */
const RETRIED = new Set([408, 425, 429, 502, 503, 504]);

/** Why another try is made. */
export type Wait = 'busy' | 'unreachable' | 'working';

export interface SendOptions {
  method?: string;
  headers?: Record<string, string>;
  body?: BodyInit | null;
  /** Of this thing to be done; the same for each time that the person asks for it. Default: a new one. */
  key?: string;
  timeoutMs?: number;
  /** Before each pause: why, and how long it is, ms. */
  onWait?: (why: Wait, ms: number) => void;
}

/** `crypto.randomUUID` is there over https only. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Why a try must be made again; undefined: it is answered. */
function retryReason(response: Response): Wait | undefined {
  if (response.status === 409 && response.headers.get('idempotency-status') === 'in-progress') return 'working';
  return RETRIED.has(response.status) ? 'busy' : undefined;
}

/**
 * fetch for what is to be done once: with a time-out, and tries again with the same key while the server is busy or away.
 * @throws what fetch throws when the last try did not reach the server
 */
export async function send(url: string, options: SendOptions = {}): Promise<Response> {
  const { method = 'POST', headers = {}, body = null, key = newKey(), timeoutMs = TIMEOUT_MS, onWait } = options;
  const began = Date.now();
  for (let tries = 1; ; tries++) {
    let why: Wait | undefined;
    let response: Response | undefined;
    let failure: unknown;
    try {
      response = await fetch(url, {
        method,
        body,
        headers: { ...headers, 'Idempotency-Key': key },
        signal: AbortSignal.timeout(timeoutMs),
      });
      why = retryReason(response);
    } catch (error) {
      failure = error;
      why = (error as Error).name === 'TimeoutError' ? 'busy' : 'unreachable';
    }
    const asked = Number(response?.headers.get('retry-after') ?? 0) || 0;
    const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (tries - 1));
    const pauseMs = asked > 0 ? asked * 1_000 + Math.random() * SPREAD_MS : Math.random() * longest;
    const over = tries >= MAX_TRIES || Date.now() - began + pauseMs > GIVE_UP_MS || asked > MAX_RETRY_AFTER_S;
    if (why === undefined || over) {
      if (response === undefined) throw failure;
      return response;
    }
    onWait?.(why, pauseMs);
    await pause(pauseMs);
  }
}

interface FormState {
  busy: boolean;
  /** The next submit is the browser's own. */
  native: boolean;
  key: string;
  /** What was sent with the key. */
  content: string;
}

const states = new WeakMap<HTMLFormElement, FormState>();
type Submitter = HTMLButtonElement | HTMLInputElement;

/** Forms that this script leaves to the browser: other targets, other sites, and who does not want it. */
function isOurs(form: HTMLFormElement, submitter: Submitter | null): boolean {
  const method = submitter?.getAttribute('formmethod') ?? form.method;
  const target = submitter?.getAttribute('formtarget') ?? form.target;
  const type = submitter?.getAttribute('formenctype') ?? form.enctype;
  return (
    method.toLowerCase() === 'post' &&
    (target === '' || target === '_self') &&
    type !== 'text/plain' &&
    form.dataset.tahan !== 'off' &&
    submitter?.dataset.tahan !== 'off' &&
    new URL(actionOf(form, submitter)).origin === location.origin
  );
}

const actionOf = (form: HTMLFormElement, submitter: Submitter | null): string =>
  new URL(submitter?.getAttribute('formaction') ?? form.getAttribute('action') ?? location.href, document.baseURI).href;

/** As a browser writes a form: lines end with CRLF (HTML, "constructing the entry list"). */
const asBrowser = (text: string): string => text.replace(/\r\n|\r|\n/g, '\r\n');

async function bodyOf(form: HTMLFormElement, submitter: Submitter | null): Promise<{ body: BodyInit; type: string }> {
  const data = new FormData(form, submitter);
  if ((submitter?.getAttribute('formenctype') ?? form.enctype) === 'multipart/form-data') {
    // Made once: each try is to be the same bytes.
    const made = new Response(data);
    return { body: await made.blob(), type: made.headers.get('content-type') ?? '' };
  }
  const fields = new URLSearchParams();
  for (const [name, value] of data)
    fields.append(asBrowser(name), asBrowser(typeof value === 'string' ? value : value.name));
  return { body: fields.toString(), type: 'application/x-www-form-urlencoded' };
}

/** What the form holds, to tell whether it is sent again or sent anew. */
function contentOf(form: HTMLFormElement, submitter: Submitter | null): string {
  return JSON.stringify(
    [...new FormData(form, submitter)]
      .filter(([name]) => name !== KEY_FIELD)
      .map(([name, value]) => [
        name,
        typeof value === 'string' ? value : `${value.name} ${value.size} ${value.lastModified}`,
      ]),
  );
}

/** The form's field with the key; made where the page has none. */
function keyField(form: HTMLFormElement): HTMLInputElement {
  const found = form.querySelector<HTMLInputElement>(`input[name="${KEY_FIELD}"]`);
  if (found !== null) return found;
  const made = document.createElement('input');
  made.type = 'hidden';
  made.name = KEY_FIELD;
  form.append(made);
  return made;
}

/** Says something beneath the form, to screen readers too. */
function say(form: HTMLFormElement, text: string): void {
  let status = form.querySelector<HTMLElement>('[data-tahan-status]');
  if (status === null) {
    if (text === '') return;
    status = document.createElement('p');
    status.dataset.tahanStatus = '';
    status.className = 'tahan-status';
    status.setAttribute('role', 'status');
    form.append(status);
  }
  status.textContent = text;
  status.hidden = text === '';
}

const REASONS: Record<Wait, string> = {
  busy: 'Sent. The server is busy',
  unreachable: 'The server cannot be reached right now',
  working: 'Sent. The server is still working on it',
};

/** Sends a form and shows what came of it. */
async function submit(form: HTMLFormElement, submitter: Submitter | null): Promise<void> {
  const content = contentOf(form, submitter);
  const before = states.get(form);
  const field = keyField(form);
  const key = before === undefined ? field.value || newKey() : before.content === content ? before.key : newKey();
  field.value = key;
  const state: FormState = { busy: true, native: false, key, content };
  states.set(form, state);
  form.setAttribute('aria-busy', 'true');
  const slow = setTimeout(() => say(form, 'Sent. Waiting for the answer.'), QUIET_MS);
  let ticking: ReturnType<typeof setInterval> | undefined;
  const quiet = (): void => {
    clearTimeout(slow);
    clearInterval(ticking);
  };
  try {
    const { body, type } = await bodyOf(form, submitter);
    const response = await send(actionOf(form, submitter), {
      key,
      body,
      timeoutMs: Number(form.dataset.tahanTimeout) || TIMEOUT_MS,
      headers: { 'Content-Type': type, Accept: 'text/html', 'Tahan-Client': '1' },
      onWait(why, ms) {
        quiet();
        const end = Date.now() + ms;
        const tell = (): void => {
          const seconds = Math.ceil((end - Date.now()) / 1_000);
          say(form, `${REASONS[why]}; trying again ${seconds > 0 ? `in ${seconds} s` : 'now'}. Nothing is sent twice.`);
        };
        tell();
        ticking = setInterval(tell, 1_000);
      },
    });
    quiet();
    show(form, submitter, state, response);
  } catch {
    // Nobody answered: the person is told, and everything is still here.
    quiet();
    say(
      form,
      'The server cannot be reached. What you typed is kept here: please send it again later. Nothing is sent twice.',
    );
  } finally {
    quiet();
    state.busy = false;
    form.removeAttribute('aria-busy');
  }
}

function show(form: HTMLFormElement, submitter: Submitter | null, state: FormState, response: Response): void {
  const to = response.headers.get('tahan-location') ?? (response.redirected ? response.url : undefined);
  if (to !== undefined) {
    forget(form);
    say(form, 'Done.');
    location.assign(new URL(to, response.url));
    return;
  }
  if (response.status === 204) {
    forget(form);
    say(form, 'Done.');
    return;
  }
  if (RETRIED.has(response.status) || response.status === 500) {
    say(
      form,
      'The server could not do this now. What you typed is kept here: please send it again later. Nothing is sent twice.',
    );
    return;
  }
  // The browser asks for the same answer once more and shows it as its own page; the server has kept it.
  if (response.ok) forget(form);
  say(form, '');
  state.native = true;
  form.requestSubmit(submitter);
}

function onSubmit(event: SubmitEvent): void {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || event.defaultPrevented) return;
  const submitter = event.submitter as Submitter | null;
  const state = states.get(form);
  if (state?.native) {
    state.native = false;
    return;
  }
  if (!isOurs(form, submitter)) return;
  event.preventDefault();
  if (!state?.busy) void submit(form, submitter);
}

/** Kept over a reload, in this tab only: what was typed, but nothing secret. */
type Field = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;
const UNTYPED = new Set(['password', 'hidden', 'file', 'submit', 'button', 'image', 'reset']);
const SECRET = /pass|secret|token|card|cvc|cvv|otp|pin\b/i;

function fieldsOf(form: HTMLFormElement): Field[] {
  return [...form.elements].filter(
    (element): element is Field =>
      (element instanceof HTMLInputElement ||
        element instanceof HTMLTextAreaElement ||
        element instanceof HTMLSelectElement) &&
      element.name !== '' &&
      !UNTYPED.has(element.type) &&
      !SECRET.test(`${element.name} ${element.autocomplete}`) &&
      !element.autocomplete.startsWith('cc-') &&
      element.autocomplete !== 'one-time-code',
  );
}

const isChecked = (field: Field): field is HTMLInputElement => field.type === 'checkbox' || field.type === 'radio';
const shownIn = (field: Field): string => (isChecked(field) ? String(field.checked) : field.value);

const nameOf = (form: HTMLFormElement): string =>
  `${STORED}${location.pathname} ${form.getAttribute('action') ?? ''} ${[...document.forms].indexOf(form)}`;

/** The tab's storage; undefined where the browser forbids it. */
function storage(): Storage | undefined {
  try {
    return sessionStorage;
  } catch {
    return undefined;
  }
}

function remember(form: HTMLFormElement): void {
  const text = JSON.stringify({ at: Date.now(), values: fieldsOf(form).map((field) => [field.name, shownIn(field)]) });
  if (text.length > MAX_STORED_CHARACTERS) return;
  try {
    storage()?.setItem(nameOf(form), text);
  } catch {
    // The storage is full: the page itself still holds what was typed.
  }
}

function forget(form: HTMLFormElement): void {
  storage()?.removeItem(nameOf(form));
}

function putBack(form: HTMLFormElement): void {
  const text = storage()?.getItem(nameOf(form));
  if (text === null || text === undefined) return;
  const { at, values } = JSON.parse(text) as { at: number; values: [string, string][] };
  const fields = fieldsOf(form);
  // Another form, or one that was left long ago.
  if (Date.now() - at > STORED_FOR_MS || values.some(([name], index) => fields[index]?.name !== name)) {
    forget(form);
    return;
  }
  for (const [index, [, value]] of values.entries()) {
    const field = fields[index];
    if (field === undefined) continue;
    if (isChecked(field)) field.checked = value === 'true';
    else field.value = value;
  }
}

function onInput(event: Event): void {
  const form = (event.target as Partial<Field>).form;
  if (form instanceof HTMLFormElement && form.method === 'post' && form.dataset.tahan !== 'off') remember(form);
}

if (typeof document !== 'undefined') {
  document.addEventListener('submit', onSubmit);
  document.addEventListener('input', onInput);
  for (const form of document.forms) if (form.method === 'post' && form.dataset.tahan !== 'off') putBack(form);
}

/**
 * Pages that were seen stay readable while the server is away. One that is there looks after itself: the browser asks at
 * each visit for a new version, and where it is switched off that version takes everything away.
 */
async function register(): Promise<void> {
  if ((await navigator.serviceWorker.getRegistration('/')) !== undefined) return;
  // This file may be an hour old: whether it is switched on is asked anew.
  const { ok, headers } = await fetch(WORKER, { method: 'HEAD' });
  if (ok && headers.get('tahan-offline') === 'on') await navigator.serviceWorker.register(WORKER, { scope: '/' });
}
if (OFFLINE === 'on' && 'serviceWorker' in navigator) {
  register().catch(() => {
    // The server is away, or a browser does not want it (private windows): everything else works.
  });
}
