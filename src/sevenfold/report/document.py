"""The frame of every page: complete in itself, nothing is loaded and nothing runs, whatever a column is named."""

from __future__ import annotations

from sevenfold.report.markup import Child, Markup, tag
from sevenfold.report.style import STYLE

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def document(title: str, *body: Child) -> str:
    """A page as HTML."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("style", Markup(STYLE)),
    )
    return f"<!doctype html>\n{tag('html', head, tag('body', *body), lang='en')}\n"
