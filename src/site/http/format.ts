const dateFormat = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'long',
  year: 'numeric',
  timeZone: 'UTC',
});
const timeFormat = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'long',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  timeZone: 'UTC',
});
const numberFormat = new Intl.NumberFormat('en-GB');

/** `9 March 2026`, UTC, of epoch ms. */
export const date = (at: number): string => dateFormat.format(at);
/** `9 March 2026 at 14:05 UTC`. */
export const dateTime = (at: number): string => `${timeFormat.format(at)} UTC`;
/** For the `datetime` attribute. */
export const iso = (at: number): string => new Date(at).toISOString();
/** `12,345`. */
export const number = (value: number): string => numberFormat.format(value);
/** `1 like`, `2 likes`. */
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${number(count)} ${count === 1 ? one : many}`;

/** Time until `end` as a countdown shows it; zeros when it is over. */
export function countdown(end: number, now: number): { over: boolean; parts: { unit: string; value: string }[] } {
  const seconds = Math.max(0, Math.floor((end - now) / 1_000));
  const two = (value: number): string => String(value).padStart(2, '0');
  return {
    over: end <= now,
    parts: [
      { unit: 'days', value: String(Math.floor(seconds / 86_400)) },
      { unit: 'hours', value: two(Math.floor(seconds / 3_600) % 24) },
      { unit: 'minutes', value: two(Math.floor(seconds / 60) % 60) },
      { unit: 'seconds', value: two(seconds % 60) },
    ],
  };
}
