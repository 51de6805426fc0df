import { BoundedMemo } from './memo.ts';

/** Where a page view came from. `internal`: another page of this site. */
export const SOURCE_KINDS = [
  'direct',
  'search',
  'social',
  'assistant',
  'email',
  'campaign',
  'referrer',
  'internal',
] as const;
export type SourceKind = (typeof SOURCE_KINDS)[number];

export interface Source {
  kind: SourceKind;
  /** Name of the engine or network, host of the referring site, or the campaign; empty for direct and internal. */
  name: string;
}

/**
 * Hosts by kind: the last labels of the host (`m.facebook.com` is `facebook.com`). A short list of our own, of what sends people:
 * no tracker list is copied. `name.` stands for any top-level domain (`google.`: google.com, google.co.id).
 */
const KNOWN: readonly (readonly [kind: SourceKind, name: string, hosts: readonly string[]])[] = [
  ['assistant', 'ChatGPT', ['chatgpt.com', 'chat.openai.com', 'openai.com']],
  ['assistant', 'Claude', ['claude.ai']],
  ['assistant', 'Perplexity', ['perplexity.ai']],
  ['assistant', 'Gemini', ['gemini.google.com', 'bard.google.com']],
  ['assistant', 'Copilot', ['copilot.microsoft.com', 'copilot.cloud.microsoft']],
  ['assistant', 'DeepSeek', ['chat.deepseek.com']],
  ['assistant', 'Mistral', ['chat.mistral.ai']],
  ['assistant', 'Grok', ['grok.com']],
  ['assistant', 'Meta AI', ['meta.ai']],
  ['assistant', 'You.com', ['you.com']],
  ['email', 'Gmail', ['mail.google.com', 'com.google.android.gm']],
  ['email', 'Outlook', ['outlook.live.com', 'outlook.office.com', 'outlook.office365.com']],
  ['email', 'Yahoo Mail', ['mail.yahoo.com']],
  ['email', 'Proton Mail', ['mail.proton.me']],
  ['email', 'iCloud Mail', ['mail.icloud.com', 'www.icloud.com']],
  ['email', 'Zoho Mail', ['mail.zoho.com']],
  ['email', 'GMX', ['gmx.']],
  ['email', 'Mailchimp', ['list-manage.com', 'campaign-archive.com']],
  ['search', 'Google', ['google.', 'com.google.android.googlequicksearchbox']],
  ['search', 'Bing', ['bing.com']],
  ['search', 'DuckDuckGo', ['duckduckgo.com']],
  ['search', 'Yahoo', ['search.yahoo.com', 'yahoo.']],
  ['search', 'Yandex', ['yandex.', 'ya.ru']],
  ['search', 'Baidu', ['baidu.com']],
  ['search', 'Ecosia', ['ecosia.org']],
  ['search', 'Brave Search', ['search.brave.com']],
  ['search', 'Startpage', ['startpage.com']],
  ['search', 'Qwant', ['qwant.com']],
  ['search', 'Naver', ['naver.com']],
  ['search', 'Seznam', ['seznam.cz']],
  ['search', 'Kagi', ['kagi.com']],
  ['search', 'Marginalia', ['marginalia-search.com']],
  ['social', 'Facebook', ['facebook.com', 'fb.com', 'fb.me', 'com.facebook.katana']],
  ['social', 'Instagram', ['instagram.com', 'com.instagram.android']],
  ['social', 'Threads', ['threads.net', 'threads.com']],
  ['social', 'X', ['twitter.com', 'x.com', 't.co', 'com.twitter.android']],
  ['social', 'LinkedIn', ['linkedin.com', 'lnkd.in']],
  ['social', 'Reddit', ['reddit.com', 'redd.it']],
  ['social', 'Hacker News', ['news.ycombinator.com']],
  ['social', 'YouTube', ['youtube.com', 'youtu.be']],
  ['social', 'TikTok', ['tiktok.com']],
  ['social', 'Pinterest', ['pinterest.', 'pin.it']],
  ['social', 'WhatsApp', ['whatsapp.com', 'wa.me', 'com.whatsapp']],
  ['social', 'Telegram', ['telegram.org', 't.me', 'org.telegram.messenger']],
  ['social', 'Discord', ['discord.com', 'discordapp.com']],
  ['social', 'Bluesky', ['bsky.app']],
  ['social', 'Mastodon', ['mastodon.social', 'mastodon.online', 'mstdn.social', 'fosstodon.org']],
  ['social', 'Lobsters', ['lobste.rs']],
  ['social', 'VK', ['vk.com', 'vk.ru']],
  ['social', 'LINE', ['line.me']],
  ['social', 'Weibo', ['weibo.com', 'weibo.cn']],
  ['social', 'Quora', ['quora.com']],
  ['social', 'Tumblr', ['tumblr.com']],
];

/** By whole host, and by the name before the top-level domain. */
const BY_HOST = new Map<string, Source>();
const BY_NAME = new Map<string, Source>();
for (const [kind, name, hosts] of KNOWN)
  for (const host of hosts) {
    if (host.endsWith('.')) BY_NAME.set(host.slice(0, -1), { kind, name });
    else BY_HOST.set(host, { kind, name });
  }

const DIRECT: Source = { kind: 'direct', name: '' };
const INTERNAL: Source = { kind: 'internal', name: '' };
/** A referrer that is no address of a site. */
const UNREADABLE: Source = { kind: 'referrer', name: 'other' };

/** Longest name of a campaign or host that is kept, characters. */
const MAX_NAME = 80;
const MAX_REFERRER = 2_048;

/** Lower case, without port, `www.` and a last dot. */
export function tidyHost(host: string): string {
  const lower = host.toLowerCase();
  const plain = lower.startsWith('[') ? lower.slice(0, lower.indexOf(']') + 1) : lower.replace(/:\d*$/, '');
  return plain.replace(/\.$/, '').replace(/^www\./, '');
}

/** What a host is known as; a site that is not in the list counts under its own name. */
export function sourceOfHost(host: string): Source {
  const labels = host.split('.');
  for (let at = 0; at < labels.length; at++) {
    const known = BY_HOST.get(labels.slice(at).join('.'));
    if (known !== undefined) return known;
  }
  // `google.co.id`: the name stands before one label, or two short ones.
  const last = labels.length - 1;
  const twoShort = labels.length > 2 && labels[last]!.length === 2 && labels[last - 1]!.length <= 3;
  const known = BY_NAME.get(labels[twoShort ? last - 2 : last - 1] ?? '');
  return known ?? { kind: 'referrer', name: host.slice(0, MAX_NAME) };
}

/** Scheme and host of a referrer; Android apps send `android-app://com.example/`. */
const ORIGIN = /^(?:https?|android-app):\/\/(?:[^/?#@]*@)?([^/?#@:[\]]+|\[[0-9a-f:.]+\])(?::\d+)?(?=[/?#]|$)/i;

const hostOf = (referrer: string): string | undefined => {
  const found = ORIGIN.exec(referrer)?.[1];
  return found === undefined ? undefined : tidyHost(found);
};

/** The path of a referrer without its query; undefined: none that can be read. */
export function pathOfReferrer(referrer: string): string | undefined {
  const origin = ORIGIN.exec(referrer)?.[0];
  if (origin === undefined) return undefined;
  const rest = referrer.slice(origin.length);
  const end = rest.search(/[?#]/);
  return (end === -1 ? rest : rest.slice(0, end)) || '/';
}

/** Values of `utm_medium` that say more than that it is a campaign. */
const EMAIL_MEDIUM = /^(?:e-?mail|newsletter)$/i;

/** Campaign that the query names: `utm_campaign`, else `utm_source`; undefined: none. */
export function campaignOf(query: string): { name: string; byEmail: boolean } | undefined {
  if (!query.includes('utm_')) return undefined;
  const params = new URLSearchParams(query);
  const name = params.get('utm_campaign') || params.get('utm_source');
  if (!name) return undefined;
  const clean = name.replace(/[\u0000-\u001f\u007f]+/g, ' ').trim();
  if (clean === '') return undefined;
  return { name: clean.slice(0, MAX_NAME), byEmail: EMAIL_MEDIUM.test(params.get('utm_medium') ?? '') };
}

/** What of a page view tells its source. */
export interface Coming {
  referrer: string | undefined;
  /** Without `?`. */
  query: string;
  /** The Host header. */
  host: string | undefined;
  /** The header `Sec-Fetch-Site`: a browser tells of a visit from a page of this site also where it sends no referrer. */
  fetchSite: string | undefined;
}

/** Tells where page views come from. `ownHosts`: other names of this site; remembers what it saw, in a bounded table. */
export class Sources {
  private readonly own: ReadonlySet<string>;
  private readonly hosts = new BoundedMemo<string | undefined>(1_000, hostOf);
  private readonly known = new BoundedMemo<Source>(1_000, sourceOfHost);

  constructor(ownHosts: readonly string[] = []) {
    this.own = new Set(ownHosts.map(tidyHost));
  }

  /** A campaign wins over the referrer: whoever marked the link knows it better. */
  of({ referrer, query, host, fetchSite }: Coming): Source {
    const from = referrer === undefined || referrer === '' ? undefined : referrer.slice(0, MAX_REFERRER);
    const fromHost = from === undefined ? undefined : this.hosts.of(from);
    if (fromHost !== undefined && this.isOwn(fromHost, host)) return INTERNAL;
    const campaign = campaignOf(query);
    if (campaign !== undefined) return { kind: campaign.byEmail ? 'email' : 'campaign', name: campaign.name };
    if (from === undefined) return fetchSite === 'same-origin' ? INTERNAL : DIRECT;
    return fromHost === undefined ? UNREADABLE : this.known.of(fromHost);
  }

  private isOwn(from: string, host: string | undefined): boolean {
    return this.own.has(from) || (host !== undefined && from === tidyHost(host));
  }
}
