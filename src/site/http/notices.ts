/** Reads the `notice` of a query after a redirect. Only texts of the table are shown: an address cannot put words into the page. */
export function notices(table: Record<string, string>): (value: unknown) => string | undefined {
  return (value) => (typeof value === 'string' && Object.hasOwn(table, value) ? table[value] : undefined);
}
