/** Where a foreign picture was: a link to it, or the link that it was in. Only on HTML that is sanitised already. */
const PICTURE = /<(a|span)\b[^>]*\bclass="picture"[^>]*>[^<]*<\/\1>/g;

/**
 * Sanitised HTML without a link inside a link: pictures that became links may stand in one (badges do). HTML knows no such
 * thing, and a browser would end the outer one early.
 */
export function unnestLinks(html: string): string {
  const closings: string[] = [];
  return html.replace(/<a\b[^>]*>|<\/a>/g, (tag) => {
    if (tag === '</a>') return closings.pop() ?? '';
    const isOuter = closings.length === 0;
    closings.push(isOuter ? '</a>' : '</span>');
    if (isOuter) return tag;
    return tag.includes(' class="picture"') ? '<span class="picture">' : '<span>';
  });
}

export const withoutPictures = (html: string): string => html.replace(PICTURE, '');
