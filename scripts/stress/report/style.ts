/** The report's whole style: calm, for light and dark, for a printer, too. */
export const STYLE = `
:root{color-scheme:light dark;--bg:#fbfbf9;--card:#fff;--ink:#1d2430;--soft:#5b6675;--line:#e3e6ea;--good:#2f8f5b;--last:#8fbf5a;--refused:#c98a1b;--failed:#c23b3b;--offered:#9aa5b4;--blue:#3b6fb5;--violet:#7a5bb5}
@media(prefers-color-scheme:dark){:root{--bg:#14181f;--card:#1b212b;--ink:#e6e9ee;--soft:#9aa5b4;--line:#2d3643;--good:#4fbf82;--last:#a8d070;--refused:#e0a840;--failed:#ee6a6a;--offered:#6c7889;--blue:#6fa0e0;--violet:#ab8ee6}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:860px;margin:0 auto;padding:32px 20px 64px}
h1{font-size:26px;margin:0 0 4px;letter-spacing:-.01em}h2{font-size:19px;margin:40px 0 10px}h3{font-size:16px;margin:0}
p{margin:6px 0}.soft,.unit{color:var(--soft)}a{color:var(--blue)}
.verdict{display:inline-block;padding:3px 12px;border-radius:99px;font-weight:600;font-size:14px;color:#fff;vertical-align:middle;margin-left:8px}
.verdict.passed{background:var(--good)}.verdict.failed,.verdict.void{background:var(--failed)}.verdict.skipped,.verdict.interrupted{background:var(--offered)}
@media(prefers-color-scheme:dark){.verdict{color:#10141a}}
.lead{display:grid;grid-template-columns:repeat(auto-fit,minmax(220px,1fr));gap:12px;margin:18px 0}.lead div{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 16px}
.lead dt{font-weight:600;color:var(--soft);font-size:14px}.lead dd{margin:4px 0 0}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 18px;margin:12px 0}
details.card>summary{cursor:pointer;list-style:none;display:flex;gap:10px;align-items:center;flex-wrap:wrap}
details.card>summary::-webkit-details-marker{display:none}
summary .mark-sign{width:20px;height:20px;border-radius:50%;display:inline-grid;place-items:center;color:#fff;font-size:12px;font-weight:700;flex:none}
@media(prefers-color-scheme:dark){summary .mark-sign{color:#10141a}}
.passed>.mark-sign{background:var(--good)}.failed>.mark-sign,.void>.mark-sign{background:var(--failed)}.skipped>.mark-sign{background:var(--offered)}
summary .numbers{margin-left:auto;color:var(--soft);font-variant-numeric:tabular-nums;font-size:14px}
.void-note{background:var(--failed);color:#fff;padding:8px 12px;border-radius:8px;margin:10px 0}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;margin:10px 0;font-size:14px;font-variant-numeric:tabular-nums}
th{font-weight:600;color:var(--soft);text-align:right;padding:4px 8px;border-bottom:1px solid var(--line);white-space:nowrap}
td{text-align:right;padding:4px 8px;border-bottom:1px solid var(--line)}th:first-child,td:first-child{text-align:left}
td code.soft{display:block;font-size:12px;color:var(--soft)}.plain td{text-align:left}.plain td:first-child{white-space:nowrap;color:var(--soft);vertical-align:top}td.bad{color:var(--failed);font-weight:600}td.fine{color:var(--good)}code{font:13px ui-monospace,Menlo,Consolas,monospace}
figure{margin:14px 0 4px}figcaption{font-size:13px;display:flex;gap:4px 12px;flex-wrap:wrap;align-items:baseline}
svg{width:100%;height:auto;display:block}.grid{stroke:var(--line)}.tick{fill:var(--soft);font-size:11px}
.line{fill:none;stroke-width:1.8;stroke:var(--c)}.area{fill:var(--c);opacity:.22;stroke:none}
.key::before{content:"";display:inline-block;width:10px;height:10px;border-radius:3px;margin-right:5px;background:var(--c)}
.c-offered{--c:var(--offered)}.c-good{--c:var(--good)}.c-last{--c:var(--last)}.c-refused{--c:var(--refused)}.c-failed{--c:var(--failed)}.c-blue{--c:var(--blue)}.c-violet{--c:var(--violet)}
.mark{stroke-width:1.4;stroke-dasharray:3 3;stroke:var(--soft)}.mark.fault{stroke:var(--failed);stroke-dasharray:none}.mark.scaler{stroke:var(--violet)}
.mode{height:10px;rx:3}.mode.calm{fill:var(--good)}.mode.busy{fill:var(--last)}.mode.saturated{fill:var(--refused)}.mode.down{fill:var(--failed)}
ul.events{margin:8px 0;padding-left:18px;font-size:14px;color:var(--soft)}
@media print{body{background:#fff}.card{break-inside:avoid}}
`;
