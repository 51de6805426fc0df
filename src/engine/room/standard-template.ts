/** The waiting page where a team has none of its own: calm, without any motion, in light and dark. */
export const STANDARD_TEMPLATE = `<!doctype html>
<html lang="<%= it.lang %>">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title><%= it.heading %> - <%= it.siteName %></title>
<style>
:root{color-scheme:light dark;--ink:#12303a;--quiet:#4a646c;--ground:#f4f8f8;--card:#fff;--line:#d3dedd;--strong:#0b5b6c}
@media(prefers-color-scheme:dark){:root{--ink:#dcebec;--quiet:#9db8bd;--ground:#0d1c22;--card:#13282f;--line:#234049;--strong:#7ccfd8}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;font:1.0625rem/1.6 system-ui,sans-serif;color:var(--ink);background:var(--ground)}
main{width:100%;max-width:34rem;padding:clamp(1.5rem,5vw,2.75rem);background:var(--card);border:1px solid var(--line);border-radius:1rem}
.site{margin:0 0 1.5rem;font-size:.95rem;font-weight:600;color:var(--strong);letter-spacing:.01em}
h1{margin:0 0 .75rem;font-size:clamp(1.6rem,5vw,2.1rem);line-height:1.15;letter-spacing:-.015em;text-wrap:balance}
p{margin:0;text-wrap:pretty}
dl{display:flex;flex-wrap:wrap;gap:1.25rem 3rem;margin:2rem 0 1.25rem}
dt{font-size:.9rem;color:var(--quiet)}
dd{margin:0;font-size:1.6rem;font-weight:650;line-height:1.3;font-variant-numeric:tabular-nums}
dd small{font-size:.95rem;font-weight:400;color:var(--quiet)}
.before dl div:first-child,.next dl,.before progress,.next progress{display:none}
progress{appearance:none;display:block;width:100%;height:.5rem;border:0;border-radius:.25rem;overflow:hidden;background:var(--line)}
progress::-webkit-progress-bar{background:var(--line)}
progress::-webkit-progress-value{background:var(--strong);border-radius:.25rem}
progress::-moz-progress-bar{background:var(--strong);border-radius:.25rem}
.note{margin-top:1.75rem;font-size:.95rem;color:var(--quiet)}
</style>
</head>
<body class="<%= it.state %>">
<main>
<p class="site"><%= it.siteName %></p>
<h1><%= it.heading %></h1>
<p><%= it.text %></p>
<dl>
<div><dt><%= it.placeLabel %></dt><dd><%= it.place %> <small><%= it.ofWaiting %></small></dd></div>
<div><dt><%= it.waitLabel %></dt><dd><%= it.wait %></dd></div>
</dl>
<progress max="100" value="<%= it.progress %>" aria-label="<%= it.progressLabel %>"></progress>
<p class="note"><%= it.note %></p>
</main>
</body>
</html>
`;
