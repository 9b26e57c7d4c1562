"""HTML and SVG that cannot be broken by what users write: plain strings are escaped, only `Markup` passes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from typing import TypeAlias

LONGEST = 600
_UNCUT = 10_000_000
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
# Marks that turn the direction of what follows could make a harmless name read as another.
_TURNERS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_VOID = frozenset({"meta", "br", "line", "rect", "circle", "path", "polyline", "polygon"})


class Markup(str):
    """Text that is markup already, made by `tag` and `join` alone."""

    __slots__ = ()


Child: TypeAlias = "Markup | str | float | Iterable[Child] | None"


def text(value: object, longest: int = LONGEST) -> Markup:
    """Any value as escaped text, without control characters, cut to `longest` characters."""
    if isinstance(value, Markup):
        return value
    plain = _TURNERS.sub("\ufffd", _CONTROLS.sub("\ufffd", str(value)))
    if len(plain) > longest:
        plain = plain[: longest - 1] + "…"
    return Markup(escape(plain, quote=True))


def join(*children: Child) -> Markup:
    """Children one after the other; None is nothing, strings are escaped, iterables are opened."""
    parts: list[str] = []
    for child in children:
        if child is None:
            continue
        if isinstance(child, str | float | int):
            parts.append(text(child))
        else:
            parts.append(join(*child))
    return Markup("".join(parts))


def tag(name: str, /, *children: Child, **attributes: object) -> Markup:
    """An element. Attribute names lose a trailing underscore, others become hyphens; None leaves one out.

    >>> tag("a", "1 < 2", href="#x", class_="k")
    '<a href="#x" class="k">1 &lt; 2</a>'
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(value, _UNCUT)}"'
        for key, value in attributes.items()
        if value is not None
    )
    inner = join(*children)
    if name in _VOID and not inner:
        return Markup(f"<{name}{written}/>")
    return Markup(f"<{name}{written}>{inner}</{name}>")
