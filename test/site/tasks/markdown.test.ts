import { describe, expect, test } from '@jest/globals';
import { MarkdownTooComplexError, render, splitTitle } from '../../../src/site/tasks/markdown.ts';

const ALLOWED =
  /^<\/?(?:h[2-6]|p|blockquote|ul|ol|li|hr|br|pre|code|a|img|span|strong|em|del|b|i|kbd|mark|sub|sup|details|summary|table|thead|tbody|tr|th|td)\b/;
const TAG = /<[a-z/!?](?:"[^"]*"|[^">])*>?/gi;
const ATTRIBUTE = /\s([^\s=>"]+)="([^"]*)"/g;

/** What may never come out, whatever went in: other elements, other attributes, addresses that run code. */
function dangers(html: string): string[] {
  const found: string[] = [];
  for (const [tag] of html.matchAll(TAG)) {
    if (!ALLOWED.test(tag)) found.push(tag);
    for (const [attribute, name = '', value = ''] of tag.matchAll(ATTRIBUTE)) {
      if (!/^(?:href|src|alt|title|rel|class|align|start|loading)$/.test(name)) found.push(attribute);
      if (/^(?:href|src)$/.test(name) && !/^(?:https?:\/\/|mailto:|\/|#|[\w.%-]*$)/i.test(value)) found.push(attribute);
    }
    // Whatever has no quotes round it would have been missed above.
    if (/=/.test(tag.replace(ATTRIBUTE, ''))) found.push(tag);
  }
  return found;
}

describe('rendered Markdown', () => {
  test('has the marks that people use', () => {
    const { html } = render(
      '# Top\n\n**b** *i* ~~d~~ `c`\n\n- [x] done\n- [ ] to do\n\n| a | b |\n| - | -: |\n| 1 | 2 |\n\n```js\nx < 1\n```',
    );
    for (const part of [
      '<h2>Top</h2>',
      '<strong>b</strong>',
      '<em>i</em>',
      '<del>d</del>',
      '<span>☑</span> done',
      '<td align="right">2</td>',
      '<code class="language-js">x &lt; 1',
    ]) {
      expect(html).toContain(part);
    }
  });

  test.each([
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '<svg/onload=alert(1)>',
    '<svg><script>alert(1)</script></svg>',
    '<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>',
    '<iframe src="javascript:alert(1)"></iframe>',
    '<a href="javascript:alert(1)">x</a>',
    '<a href="java\nscript:alert(1)">x</a>',
    '<a href="&#106;avascript:alert(1)">x</a>',
    '[x](javascript:alert(1))',
    '[x](JaVaScRiPt:alert(1))',
    '[x](&#x6A;avascript:alert(1))',
    '[x](data:text/html;base64,PHNjcmlwdD4=)',
    '![x](javascript:alert(1))',
    '![x" onerror="alert(1)](/a.png)',
    '![x](/a.png "t\\" onerror=\\"alert(1)")',
    '<p style="background:url(javascript:alert(1))" id="top" onclick="alert(1)">x</p>',
    '<form action="/sign-out"><button formaction="//evil.example">x</button></form>',
    '<details open ontoggle=alert(1)>x</details>',
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>',
    '<!--><img src=x onerror=alert(1)>-->',
    '<base href="//evil.example/"><meta http-equiv=refresh content=0><link rel=stylesheet href=//evil.example>',
    '<textarea><img src=x onerror=alert(1)></textarea>',
    '`<img src=x onerror=alert(1)>`',
    '```html"><img/onerror=alert(1)>\nx\n```',
    '<input type=checkbox onfocus=alert(1) autofocus>',
    '[![x](https://e.example/a.png" onerror="alert(1))](javascript:alert(1))',
  ])('is safe: %s', (sample) => {
    expect(dangers(render(sample).html)).toEqual([]);
    expect(dangers(render(`> - ${sample}\n`).html)).toEqual([]);
  });

  test('keeps own pictures, and makes links of foreign ones, never within a link', () => {
    expect(render('![own](/a.png)').html).toContain('<img src="/a.png" alt="own" loading="lazy" />');
    expect(render('![far](https://e.example/a.png)').html).toContain(
      '<a href="https://e.example/a.png" class="picture" rel="nofollow noopener ugc">far</a>',
    );
    expect(render('![far](//e.example/a.png)').html).not.toContain('e.example');
    expect(render('[![badge](https://e.example/b.svg)](https://e.example) after').html).toBe(
      '<p><a href="https://e.example" rel="nofollow noopener ugc"><span class="picture">badge</span></a> after</p>',
    );
  });

  test('does not vouch for links that leave the site', () => {
    expect(render('[in](/posts)').html).toContain('<a href="/posts">in</a>');
    expect(render('[out](https://e.example)').html).toContain('rel="nofollow noopener ugc"');
    expect(render('<a href="/\\e.example">out</a>').html).toContain('rel="nofollow noopener ugc"');
  });

  test('gives an excerpt of the first paragraph that says something, and the plain text', () => {
    const { excerpt, plain } = render(
      '# T\n\n[![a](https://e.example/a.svg)](https://e.example)\n\nShort.\n\nThis paragraph says what it is about & is long enough. ' +
        'word '.repeat(100),
    );
    expect(excerpt).toMatch(/^This paragraph says what it is about & is long enough\. .*word…$/);
    expect(excerpt.length).toBeLessThanOrEqual(221);
    expect(plain).toMatch(/^T a Short\. This/);
  });

  test('of a short text is an excerpt of all of it', () =>
    expect(render('Hi.\n\n- one\n- two').excerpt).toBe('Hi. one two'));

  test.each([
    ['quotes in quotes', '>'.repeat(10_000)],
    ['thousands of emphasis marks in a paragraph', '**a_'.repeat(15_000)],
    ['a table of a million cells', `${'|a'.repeat(1_000)}\n${'|-'.repeat(1_000)}\n${'|\n'.repeat(1_000)}`],
    ['lists in lists', '1. '.repeat(30_000)],
  ])('refuses %s instead of working for minutes', (_, markdown) => {
    expect(() => render(markdown)).toThrow(MarkdownTooComplexError);
  });

  test('takes long honest texts', () => {
    expect(() => render('- **point**: some _words_ and `code`\n'.repeat(4_000))).not.toThrow();
    expect(() => render(`| a | b |\n| - | - |\n${'| 1 | 2 |\n'.repeat(3_000)}`)).not.toThrow();
  });
});

test('the check itself finds what is dangerous', () => {
  expect(dangers('<p onclick="x">')).toHaveLength(1);
  expect(dangers('<script>')).toHaveLength(1);
  expect(dangers('<a href="javascript:x">')).toHaveLength(1);
  expect(dangers('<img src=x>')).toHaveLength(1);
});

describe('the title of a text', () => {
  test.each([
    ['# Hello *there*\n\ntext', 'Hello there', 'text'],
    ['Hello\n=====\n\ntext', 'Hello', 'text'],
    ['intro\n\n## Later\n\ntext', 'Later', 'intro\n\n## Later\n\ntext'],
    ['<h1 align="center">In HTML</h1>\n\ntext', 'In HTML', '<h1 align="center">In HTML</h1>\n\ntext'],
    ['# tool [![Build](https://e.example/b.svg)](https://e.example)\n\ntext', 'tool', 'text'],
    ['# ![Logo](https://e.example/logo.svg)\n\ntext', 'Logo', 'text'],
  ])('of %j is %j', (markdown, title, rest) => {
    const split = splitTitle(markdown);
    expect([split?.title, split?.rest.trim()]).toEqual([title, rest]);
  });

  test.each(['', 'text only', '```\n# not a heading\n```', '#'])('is missing in %j', (markdown) =>
    expect(splitTitle(markdown)).toBeUndefined(),
  );
});
