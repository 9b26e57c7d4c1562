"""Two small pages, complete in themselves: one to try the model by hand, one that lists the routes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from typing import Any

from sevenfold.deployment.model import LoadedModel

# The pages load nothing from anywhere and may talk to their own server only.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 56rem; margin: 2rem auto; padding: 0 1rem }
textarea { width: 100%; min-height: 16rem; font: 14px/1.4 ui-monospace, monospace; box-sizing: border-box }
button { font: inherit; padding: .4rem 1.2rem; margin: .6rem 0 }
pre { overflow: auto; padding: 1rem; background: color-mix(in srgb, currentColor 8%, transparent) }
table { border-collapse: collapse } td, th { text-align: left; padding: .3rem 1.2rem .3rem 0; vertical-align: top }
label { display: block } input { font: inherit; width: 20rem }
"""

_SCRIPT = """
document.getElementById('ask').addEventListener('click', async () => {
  const shown = document.getElementById('answer');
  const headers = {'content-type': 'application/json'};
  const token = document.getElementById('token').value;
  if (token) headers.authorization = 'Bearer ' + token;
  const query = document.getElementById('explain').checked ? '?explain=true' : '';
  try {
    const body = document.getElementById('record').value;
    const reply = await fetch('/predict' + query, {method: 'POST', headers, body});
    shown.textContent = JSON.stringify(await reply.json(), null, 2);
  } catch (error) { shown.textContent = String(error); }
});
"""


def try_page(model: LoadedModel, name: str) -> bytes:
    """A form with an example record, and the answer beneath it."""
    example = json.dumps(dict(model.example), ensure_ascii=False, indent=2)
    body = f"""<h1>{escape(name)}</h1>
<p>Predicts <b>{escape(model.task.target)}</b> ({escape(str(model.task.goal))}). <a href="/docs">All routes</a></p>
<label for="record">A record, or a list of records:</label>
<textarea id="record" spellcheck="false">{escape(example)}</textarea>
<label><input id="explain" type="checkbox" style="width:auto"> with an explanation</label>
<label>Token, if the server wants one: <input id="token" type="password" autocomplete="off"></label>
<button id="ask">Predict</button>
<pre id="answer" aria-live="polite"></pre>
<script>{_SCRIPT}</script>"""
    return _page(name, body)


def docs_page(document: Mapping[str, Any]) -> bytes:
    """The OpenAPI document as a readable list."""
    rows = "".join(
        f"<tr><td><code>{method.upper()} {escape(path)}</code></td><td>{escape(route['summary'])}</td></tr>"
        for path, routes in document["paths"].items()
        for method, route in routes.items()
    )
    record = json.dumps(document["components"]["schemas"]["Record"], ensure_ascii=False, indent=2)
    title = str(document["info"]["title"])
    body = f"""<h1>{escape(title)}</h1><p>{escape(str(document["info"]["description"]))}
<a href="/">Try it</a> · <a href="/openapi.json">openapi.json</a></p>
<table><tr><th>Route</th><th>What it does</th></tr>{rows}</table>
<p>Errors are always <code>{{"error": "..."}}</code>. A missing value is <code>null</code>.</p>
<h2>A record</h2><pre>{escape(record)}</pre>"""
    return _page(title, body)


def _page(title: str, body: str) -> bytes:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>{body}</body></html>"
    ).encode()
