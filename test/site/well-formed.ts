/** What is wrong with an XML text; undefined: it is well-formed as far as elements, entities and characters go. */
export function xmlMistake(text: string): string | undefined {
  if (/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.test(text)) return 'a character that XML forbids';
  const open: string[] = [];
  let at = text.startsWith('<?xml') ? text.indexOf('?>') + 2 : 0;
  const tag = /<(\/?)([A-Za-z][\w:.-]*)((?:\s+[\w:.-]+="[^"<]*")*)\s*(\/?)>/y;
  while (at < text.length) {
    const next = text.indexOf('<', at);
    const between = text.slice(at, next === -1 ? text.length : next);
    if (/&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[\da-f]+);)/i.test(between)) return `a bare & in ${between}`;
    if (open.length === 0 && between.trim() !== '') return `text outside: ${between}`;
    if (next === -1) break;
    tag.lastIndex = next;
    const found = tag.exec(text);
    if (found === null) return `no tag at ${text.slice(next, next + 40)}`;
    const [, closing, name = '', attributes = '', selfClosing] = found;
    if (/&(?!(?:amp|lt|gt|quot|apos|#\d+);)/.test(attributes)) return `a bare & in ${attributes}`;
    if (closing === '/' && open.pop() !== name) return `</${name}> closes nothing`;
    if (closing === '' && selfClosing === '') open.push(name);
    at = tag.lastIndex;
  }
  return open.length === 0 ? undefined : `<${open.at(-1)}> stays open`;
}
