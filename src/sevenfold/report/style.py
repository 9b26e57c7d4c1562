"""The look of the page: one style sheet, light and dark, for screen and paper."""

STYLE = """
:root{color-scheme:light dark;--paper:#f6f7f9;--card:#fff;--ink:#1b2430;--soft:#566173;--hair:#dfe4ea;--grid:#e9edf1;
--accent:#1f5fbf;--second:#b4540a;--muted:#7b8797;--good:#1a7f4b;--warn:#9a5b00;--bad:#b3261e;--tint:#eef3fb}
@media(prefers-color-scheme:dark){:root{--paper:#12161c;--card:#1a2028;--ink:#e6eaf0;--soft:#a3afbf;--hair:#2f3945;
--grid:#28313c;--accent:#7fb0ff;--second:#f0a35e;--muted:#8794a6;--good:#5fcf95;--warn:#f0b95e;--bad:#ff8a80;--tint:#1e2a3d}}
*{box-sizing:border-box}
html{scroll-behavior:smooth}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,
"Noto Sans","Liberation Sans",sans-serif}
main,header,footer,nav{max-width:1080px;margin:0 auto;padding:0 20px}
header{padding-top:28px}
h1{font-size:1.75rem;line-height:1.2;margin:0 0 4px}
h2{font-size:1.25rem;margin:0 0 4px}
h3{font-size:1rem;margin:18px 0 6px}
p{margin:6px 0}
.lead{color:var(--soft);margin:0 0 16px}
.note{color:var(--soft);font-size:.875rem}
section,.card{background:var(--card);border:1px solid var(--hair);border-radius:12px;padding:20px 22px;margin:0 0 18px}
.top{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1fr);gap:8px 32px;
align-items:center;border-top:5px solid var(--muted)}
.top.good{border-top-color:var(--good)}.top.fair{border-top-color:var(--warn)}.top.bad{border-top-color:var(--bad)}
.verdict{font-size:1.15rem;font-weight:650;margin:2px 0 10px}
.good .verdict{color:var(--good)}.fair .verdict{color:var(--warn)}.bad .verdict{color:var(--bad)}
.big{font-size:3rem;font-weight:700;line-height:1.05;letter-spacing:-.02em}
.big small{font-size:1rem;font-weight:500;color:var(--soft);letter-spacing:0;white-space:nowrap}
.three{display:grid;grid-template-columns:repeat(auto-fit,minmax(300px,1fr));gap:18px;margin-bottom:18px}
.three .card{margin:0}
.cols{display:grid;grid-template-columns:repeat(auto-fit,minmax(300px,1fr));gap:14px 28px;align-items:start}
figure{margin:10px 0 0}
figcaption{font-size:.875rem;color:var(--soft);margin-top:2px}
figcaption b{color:var(--ink);font-weight:600}
nav ul{display:flex;flex-wrap:wrap;gap:6px 16px;list-style:none;margin:0 0 16px;padding:0;font-size:.9rem}
a{color:var(--accent)}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.9rem;margin:8px 0}
th,td{text-align:left;padding:6px 10px 6px 0;border-bottom:1px solid var(--hair);vertical-align:top}
th{font-weight:600;color:var(--soft);font-size:.8125rem}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap;padding-left:10px}
tr.own td{font-weight:650}
td.wide{min-width:180px;max-width:420px;overflow-wrap:anywhere}
td.name{min-width:9.5em;max-width:280px;overflow-wrap:anywhere}
ul.plain{list-style:none;margin:6px 0;padding:0}
ul.plain li{padding:7px 0 7px 12px;border-left:3px solid var(--hair);margin:6px 0;overflow-wrap:anywhere}
li.of-error{border-left-color:var(--bad)!important}li.of-warning{border-left-color:var(--warn)!important}
.tag{display:inline-block;font-size:.75rem;font-weight:650;border:1px solid currentColor;border-radius:999px;
padding:0 8px;margin-right:6px;color:var(--soft);white-space:nowrap}
.tag.error,.tag.bad{color:var(--bad)}.tag.warning{color:var(--warn)}.tag.good{color:var(--good)}
.bars{list-style:none;margin:8px 0 0;padding:0}
.bars li{margin:8px 0}
.bars b{font-weight:600;overflow-wrap:anywhere}
.bars i{display:block;height:8px;border-radius:4px;background:var(--accent);margin-top:3px;min-width:2px}
ol.steps{list-style:none;margin:8px 0;padding:0;display:grid;
grid-template-columns:repeat(auto-fit,minmax(128px,1fr));gap:8px}
ol.steps li{background:var(--tint);border-radius:8px;padding:8px 10px;font-size:.875rem}
ol.steps b{display:block}
details{margin:10px 0}
summary{cursor:pointer;color:var(--accent);font-size:.9rem}
pre{background:var(--tint);border-radius:8px;padding:10px 12px;white-space:pre-wrap;
overflow-wrap:anywhere;font-size:.85rem;margin:8px 0}
code{font-size:.85em;overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:4px 16px;font-size:.9rem;margin:8px 0}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
svg.chart{display:block;width:100%;height:auto;font-size:12px;overflow:visible}
svg.spark{display:block}
svg text{fill:var(--ink);font-family:inherit}
svg .tick{fill:var(--soft);font-size:11px}svg .axis{fill:var(--soft);font-size:11px;font-weight:600}
svg .name{font-size:12.5px}svg .value{font-size:12.5px;font-weight:600}
svg .cell{font-size:11.5px}svg .strong{fill:var(--card);font-weight:650}
svg .middle{text-anchor:middle}svg .end{text-anchor:end}
svg .grid{stroke:var(--grid);stroke-width:1}svg .rule{stroke:var(--soft);stroke-width:1.2;stroke-dasharray:4 3}
svg .line{fill:none;stroke-width:2.2;stroke-linejoin:round}svg .bar{stroke-width:3;stroke-linecap:round;opacity:.45}
svg .whisker{stroke:var(--ink);stroke-width:1.3}
svg .line.accent,svg .bar.accent{stroke:var(--accent)}svg .line.second,svg .bar.second{stroke:var(--second)}
svg .line.muted,svg .bar.muted{stroke:var(--muted)}svg .line.bad,svg .bar.bad{stroke:var(--bad)}
svg .dot.accent,svg .fill.accent,svg .band.accent{fill:var(--accent)}
svg .dot.second,svg .fill.second,svg .band.second{fill:var(--second)}
svg .dot.muted,svg .fill.muted,svg .band.muted{fill:var(--muted)}
svg .dot.bad,svg .fill.bad{fill:var(--bad)}svg .fill.good{fill:var(--good)}
svg .fill.faint{fill:var(--hair)}svg .band{opacity:.16}svg .half{opacity:.55}svg .dot.faint{opacity:.35}
@media(max-width:760px){.top{grid-template-columns:1fr}.big{font-size:2.4rem}section,.card{padding:16px}
main,header,footer,nav{padding:0 12px}header{padding-top:18px}}
@media print{:root{--paper:#fff;--card:#fff;--ink:#000;--soft:#444;--hair:#ccc;--grid:#e5e5e5}body{font-size:11pt}
nav{display:none}section,.card{border:0;padding:0 0 10px;break-inside:auto}figure,tr,li{break-inside:avoid}
details::details-content{content-visibility:visible;height:auto;display:block}}
"""
