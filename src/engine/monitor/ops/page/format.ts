/** `4.2`, `42`, `1,204`, `1.2 M`: at most four digits that say something. */
export function amount(value: number): string {
  if (value >= 1_000_000) return `${(value / 1_000_000).toFixed(1)} M`;
  if (value >= 10 || Number.isInteger(value)) return Math.round(value).toLocaleString('en');
  return value.toFixed(1);
}

/** A time in ms: `0.4 ms`, `38 ms`, `1.2 s`. */
export function duration(ms: number): string {
  if (ms >= 60_000) return span(ms);
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(ms >= 9_950 ? 0 : 1)} s`;
  return `${ms >= 10 ? Math.round(ms) : ms.toFixed(1)} ms`;
}

/** How long ago, or how long: `42 s`, `7 min`, `3 h`, `5 days`. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

export function bytes(value: number): string {
  if (value >= 1_073_741_824) return `${(value / 1_073_741_824).toFixed(1)} GB`;
  if (value >= 1_048_576) return `${Math.round(value / 1_048_576)} MB`;
  return `${Math.round(value / 1_024)} KB`;
}

/** A share of 1 in per cent; what is over 0 never reads as nothing, what is under 1 never as all. */
export function percent(share: number): string {
  if (share > 0 && share < 0.01) return 'under 1 %';
  if (share < 1 && share > 0.99) return 'over 99 %';
  return `${Math.round(share * 100)} %`;
}

const two = (value: number): string => String(value).padStart(2, '0');

/** `14:03:07`, by the reader's clock. */
export function clock(at: number): string {
  const time = new Date(at);
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}

/** `14:03:07` today, else `26 Nov 14:03`. */
export function moment(at: number, now: number): string {
  const time = new Date(at);
  if (time.toDateString() === new Date(now).toDateString()) return clock(at);
  return `${time.getDate()} ${time.toLocaleString('en', { month: 'short' })} ${clock(at).slice(0, 5)}`;
}
