/** A table of cells that are HTML already. */
export function table(head: readonly string[] | undefined, rows: readonly (readonly string[])[]): string {
  const heads = head === undefined ? '' : `<tr>${head.map((cell) => `<th>${cell}</th>`).join('')}</tr>`;
  const body = rows.map((row) => `<tr>${row.map((cell) => `<td>${cell}</td>`).join('')}</tr>`).join('');
  return `<div class="scroll"><table>${heads}${body}</table></div>`;
}
