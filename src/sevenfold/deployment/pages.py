"""Two small pages, complete in themselves: one to try the model by hand, one that lists the routes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from typing import Any

from sevenfold.core.dataset import Column, Kind
from sevenfold.deployment.model import LoadedModel
from sevenfold.deployment.pages_look import GATE_SCRIPT, SCRIPT, STYLE

# The pages load nothing from anywhere and may talk to their own server only.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_MOST_FIELDS = 60  # more columns than this are easier to write as JSON
_LEVELS_OFFERED = 200
_EXAMPLES = 4


def try_page(model: LoadedModel, name: str) -> bytes:
    """A field for each column, filled with an example, the record as JSON, and the answer beside them."""
    example = {key: _example(model, key, value) for key, value in model.example.items()}
    fields = _fields(model, example)
    written = escape(json.dumps(example, ensure_ascii=False, indent=2))
    sure = '<label class="check"><input id="sure" type="checkbox"> say how sure it is</label>\n'
    sure = "" if model.conformal is None else sure
    body = f"""<header><h1>Predict {escape(model.task.target)}</h1>
<p class="soft">Model <b>{escape(name)}</b> · {escape(str(model.task.goal))} · <a href="/docs">API</a></p></header>
<main class="two"><section><h2>A row</h2>{fields}
<details{"" if fields else " open"}><summary>As JSON: a record, or a list of records</summary>
<textarea id="record" aria-label="Record as JSON" spellcheck="false">{written}</textarea></details>
<label class="check"><input id="explain" type="checkbox"> explain the answer</label>
{sure}<label class="check">Token, if the server wants one <input id="token" type="password" autocomplete="off"></label>
<button id="ask">Predict</button></section>
<section aria-live="polite"><h2>The answer</h2><div id="answer"><p class="soft">Press “Predict”.</p></div>
<details><summary>As JSON</summary><pre id="raw"></pre></details></section></main>
<script>{SCRIPT}</script>"""
    return _page(name, body)


def gate_page() -> bytes:
    """What a browser without the token is shown in place of a page: it asks for the token and nothing else.

    It holds nothing of the model or the server. The token is kept by the browser's tab until the tab is closed.
    """
    body = f"""<main class="gate"><section><h1>This server wants a token</h1>
<p class="soft">The line in the file that <code>--token-file</code> names.</p>
<form id="gate"><label>Token <input id="token" type="password" autocomplete="off" autofocus></label>
<button>Open</button></form><p id="said" class="bad" role="alert"></p></section></main>
<script>{GATE_SCRIPT}</script>"""
    return _page("Token", body)


def docs_page(document: Mapping[str, Any]) -> bytes:
    """The OpenAPI document as a readable list."""
    routes = [
        (f"{method.upper()} {path}", str(route["summary"]))
        for path, methods in document["paths"].items()
        for method, route in methods.items()
    ]
    listed = "".join(f"<tr><td><code>{escape(route)}</code></td><td>{escape(says)}</td></tr>" for route, says in routes)
    columns = document["components"]["schemas"]["Record"]["properties"]
    title = str(document["info"]["title"])
    body = f"""<header><h1>{escape(title)}</h1>
<p class="soft">{escape(str(document["info"]["description"]))} <a href="/">Try it</a> ·
<a href="/openapi.json">openapi.json</a></p></header>
<main><section><h2>Routes</h2><table><tr><th>Route</th><th>What it does</th></tr>{listed}</table>
<p class="soft">Errors are always <code>{{"error": "..."}}</code>.</p></section>
<section><h2>A record</h2><p class="soft">An object with a value for each column, in any order. A missing value is
<code>null</code>; other names are ignored.</p>
<table><tr><th>Column</th><th>Kind</th><th>Values seen in training, for example</th></tr>
{"".join(_described(name, column) for name, column in columns.items())}</table></section></main>"""
    return _page(title, body)


def _example(model: LoadedModel, name: str, value: Any) -> Any:
    """Numbers that were read from text as numbers, so that the example looks like what a program sends."""
    if name not in model.inputs or model.inputs[name].kind is not Kind.NUMBER or not isinstance(value, str):
        return value
    try:
        number = json.loads(value)
    except ValueError:
        return value  # written with a unit or another decimal mark: the schema reads it
    return number if isinstance(number, int | float) and not isinstance(number, bool) else value


def _fields(model: LoadedModel, example: Mapping[str, Any]) -> str:
    columns = [column for column in model.inputs if column.name in model.runtime.used]
    if len(columns) > _MOST_FIELDS or any(c.kind in (Kind.IMAGE, Kind.SEQUENCE) for c in columns):
        return ""
    made = "".join(_field(column, i, example.get(column.name)) for i, column in enumerate(columns))
    return f'<div class="fields">{made}</div>'


def _field(column: Column, number: int, value: Any) -> str:
    name, shown = escape(column.name), "" if value is None else escape(str(value))
    attributes = f'data-column="{name}" data-kind="{column.kind}"'
    if column.kind is Kind.TEXT:
        return f"<label>{name}<textarea {attributes}>{shown}</textarea></label>"
    levels = "".join(f'<option value="{escape(level)}">' for level in column.levels[:_LEVELS_OFFERED])
    offered = f'<datalist id="levels{number}">{levels}</datalist>' if levels else ""
    by = f' list="levels{number}"' if levels else ""
    return f'<label>{name}<input {attributes}{by} placeholder="missing" value="{shown}">{offered}</label>'


def _described(name: str, column: Mapping[str, Any]) -> str:
    examples = ", ".join(str(level) for level in column.get("examples", ())[:_EXAMPLES])
    kind = escape(str(column.get("description", "")))
    return f"<tr><td><code>{escape(name)}</code></td><td>{kind}</td><td>{escape(examples)}</td></tr>"


def _page(title: str, body: str) -> bytes:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>{body}</body></html>"
    ).encode()
