const LINE = '<p>Every request has a deadline. Every retry has a budget. Every queue has a bound.</p>\n';

/** The lab's page `name` as HTML of exactly `bytes` bytes (longer only where the frame itself needs more). */
export function labPage(name: string, bytes: number): string {
  const head = `<!doctype html>\n<html lang="en"><title>Lab page ${name}</title>\n<h1>Lab page ${name}</h1>\n`;
  const foot = '</html>\n';
  const room = Math.max(0, bytes - head.length - foot.length);
  return head + LINE.repeat(Math.ceil(room / LINE.length)).slice(0, room) + foot;
}
