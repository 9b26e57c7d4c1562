"""The look of the server's pages, light and dark, and what happens when somebody presses "Predict"."""

STYLE = """
:root{color-scheme:light dark;--paper:#f6f7f9;--card:#fff;--ink:#1b2430;--soft:#566173;--hair:#dfe4ea;
--accent:#1f5fbf;--tint:#eef3fb;--bad:#b3261e;--less:#b4540a}
@media(prefers-color-scheme:dark){:root{--paper:#12161c;--card:#1a2028;--ink:#e6eaf0;--soft:#a3afbf;--hair:#2f3945;
--accent:#7fb0ff;--tint:#1e2a3d;--bad:#ff8a80;--less:#f0a35e}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,
"Noto Sans","Liberation Sans",sans-serif}
header,main{max-width:1080px;margin:0 auto;padding:0 20px}
header{padding-top:28px}
h1{font-size:1.75rem;line-height:1.2;margin:0 0 4px;overflow-wrap:anywhere}
h2{font-size:1.15rem;margin:0 0 10px}
p{margin:6px 0 14px}
.soft{color:var(--soft)}.bad{color:var(--bad)}
a,summary{color:var(--accent)}
section{background:var(--card);border:1px solid var(--hair);border-radius:12px;padding:20px 22px;margin:0 0 18px;
min-width:0}
.gate{max-width:480px;padding-top:12vh}
.gate h1{font-size:1.4rem}
.two{display:grid;grid-template-columns:minmax(0,3fr) minmax(0,2fr);gap:18px;align-items:start}
@media(max-width:760px){.two{grid-template-columns:minmax(0,1fr)}}
.fields{display:grid;grid-template-columns:repeat(auto-fill,minmax(180px,1fr));gap:10px 16px;margin-bottom:14px}
label{display:block;font-size:.8125rem;color:var(--soft);overflow-wrap:anywhere}
label.check{font-size:.9rem;margin:10px 0}
input,textarea,button{font:inherit}
input:not([type=checkbox]),textarea{display:block;width:100%;color:var(--ink);background:var(--paper);
border:1px solid var(--hair);border-radius:8px;padding:6px 10px;font-size:.95rem}
textarea{min-height:5rem}
#record{min-height:16rem;font:13px/1.4 ui-monospace,monospace}
button{border:0;border-radius:8px;background:var(--accent);color:var(--card);font-weight:650;padding:8px 26px;
margin-top:6px;cursor:pointer}
summary{cursor:pointer;font-size:.9rem;margin:6px 0}
pre{overflow:auto;padding:12px;border-radius:8px;background:var(--tint);font-size:.8125rem;margin:6px 0}
.big{font-size:2.4rem;font-weight:700;line-height:1.1;letter-spacing:-.02em;margin:0 0 14px;overflow-wrap:anywhere}
.bar{margin:8px 0;font-size:.9rem}
.bar span{float:right;font-variant-numeric:tabular-nums}
.bar i{display:block;height:8px;border-radius:4px;background:var(--accent);min-width:2px;clear:both}
.less i{background:var(--less)}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{text-align:left;padding:6px 14px 6px 0;border-bottom:1px solid var(--hair);vertical-align:top}
th{font-weight:600;color:var(--soft);font-size:.8125rem}
code{font:.85rem ui-monospace,monospace;overflow-wrap:anywhere}
"""

# Whatever came from data is written with textContent: it is text, never markup.
SCRIPT = """
const by = id => document.getElementById(id);
by('token').value = sessionStorage.getItem('token') || '';
const fields = [...document.querySelectorAll('[data-column]')];
const put = (kind, text, name) => {
  const made = document.createElement(kind);
  made.textContent = text;
  if (name) made.className = name;
  return made;
};
const value = field => {
  const text = field.value;
  if (text.trim() === '') return null;
  const number = Number(text);
  return field.dataset.kind === 'number' && Number.isFinite(number) ? number : text;
};
const write = () => {
  const record = {};
  for (const field of fields) record[field.dataset.column] = value(field);
  by('record').value = JSON.stringify(record, null, 2);
};
for (const field of fields) field.addEventListener('input', write);
const bar = (label, share, shown) => {
  const made = put('div', label, 'bar');
  made.prepend(put('span', shown));
  const line = put('i', '');
  line.style.width = (100 * share).toFixed(1) + '%';
  made.append(line);
  return made;
};
const draw = (answer, into) => {
  const said = answer.prediction;
  const big = typeof said === 'number' ? String(+said.toPrecision(6))
    : Array.isArray(said) ? said.join(', ') : String(said);
  into.append(put('p', big, 'big'));
  const chances = Object.entries(answer.probabilities || {}).sort((a, b) => b[1] - a[1]).slice(0, 10);
  for (const [name, chance] of chances) into.append(bar(name, chance, (100 * chance).toFixed(1) + ' %'));
  if (answer.coverage) {
    const end = value => value === null ? 'no limit' : String(+value.toPrecision(6));
    const ends = answer.interval && [answer.interval.low, answer.interval.high];
    const told = ends ? ends.map(end).join(' to ') : answer.set.join(', ');
    into.append(put('p', 'With ' + 100 * answer.coverage + ' % coverage: ' + told));
  }
  for (const found of answer.violations || [])
    into.append(put('p', found.column + ': ' + found.code + ', received ' + JSON.stringify(found.received), 'bad'));
};
const reasons = (answer, into) => {
  const why = answer.explanation;
  if (!why || !why.contributions) return;
  const shifts = Object.entries(why.contributions).sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]));
  const chance = why.output in (answer.probabilities || {});
  const shown = x => chance ? (100 * x).toFixed(1) + ' %' : String(+x.toPrecision(4));
  into.append(put('h2', chance ? 'Why this chance of “' + why.output + '”' : 'Why'));
  const way = 'From ' + shown(why.baseline) + ', the usual answer, to ' + shown(why.prediction) + ':';
  into.append(put('p', way, 'soft'));
  const most = Math.max(...shifts.map(([, shift]) => Math.abs(shift))) || 1;
  for (const [name, shift] of shifts) {
    const made = bar(name, Math.abs(shift) / most, (shift < 0 ? '−' : '+') + shown(Math.abs(shift)));
    if (shift < 0) made.classList.add('less');
    into.append(made);
  }
};
by('ask').addEventListener('click', async () => {
  const shown = by('answer');
  const headers = {'content-type': 'application/json'};
  const token = by('token').value;
  if (token) headers.authorization = 'Bearer ' + token;
  const asked = by('explain').checked ? ['explain=true'] : [];
  if (by('sure')?.checked) asked.push('coverage=0.9');
  const query = asked.length ? '?' + asked.join('&') : '';
  shown.replaceChildren();
  by('raw').textContent = '';
  try {
    const reply = await fetch('/predict' + query, {method: 'POST', headers, body: by('record').value});
    const found = await reply.json();
    by('raw').textContent = JSON.stringify(found, null, 2);
    if (found.error) shown.append(put('p', found.error, 'bad'));
    else for (const answer of [found].flat().slice(0, 20)) { draw(answer, shown); reasons(answer, shown); }
  } catch (error) { shown.append(put('p', String(error), 'bad')); }
});
"""

# The page behind the gate is fetched with the token and put in place of the gate; it brings names of its own, so that
# those of the gate stay in a block.
GATE_SCRIPT = """
{
const by = id => document.getElementById(id);
const open = async token => {
  const reply = await fetch(location.pathname, {headers: {accept: 'text/html', authorization: 'Bearer ' + token}});
  if (!reply.ok) {
    sessionStorage.removeItem('token');
    by('said').textContent = reply.status === 401 ? 'This is not the token.' : 'The server says ' + reply.status + '.';
    return;
  }
  sessionStorage.setItem('token', token);
  const page = await reply.text();
  document.open();
  document.write(page);
  document.close();
};
const known = sessionStorage.getItem('token');
if (known) open(known);
by('gate').addEventListener('submit', event => {
  event.preventDefault();
  open(by('token').value.trim()).catch(error => { by('said').textContent = String(error); });
});
}
"""
