/** Epoch ms as the value of an `<input type="datetime-local">`, in UTC: `2026-03-09T14:05`. */
export const toUtcInput = (at: number | null): string => (at === null ? '' : new Date(at).toISOString().slice(0, 16));

const INPUT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?$/;

/** The other way; undefined: not a time. */
export function fromUtcInput(value: string): number | undefined {
  if (!INPUT.test(value)) return undefined;
  const at = Date.parse(`${value}Z`);
  return Number.isNaN(at) || at < 0 ? undefined : at;
}
