/** The first of the visitor's languages that the site has, by quality (RFC 9110 section 12.5.4). */
export function negotiate(header: string | undefined, languages: readonly string[]): string {
  const wanted = (header ?? '')
    .split(',', 32)
    .map((part) => {
      const [tag = '', ...parameters] = part.trim().toLowerCase().split(';');
      const quality = parameters
        .map((parameter) => /^\s*q=([\d.]+)\s*$/.exec(parameter)?.[1])
        .find((value) => value !== undefined);
      return { tag, quality: quality === undefined ? 1 : Number(quality) };
    })
    .filter(({ tag, quality }) => tag !== '' && quality > 0)
    .sort((a, b) => b.quality - a.quality);
  for (const { tag } of wanted) {
    const found =
      languages.find((language) => language.toLowerCase() === tag || tag.startsWith(`${language.toLowerCase()}-`)) ??
      // RFC 4647 section 3.3.1: who asks for `en` reads `en-GB`.
      languages.find((language) => language.toLowerCase().startsWith(`${tag}-`));
    if (found !== undefined) return found;
  }
  return languages[0] ?? '';
}
