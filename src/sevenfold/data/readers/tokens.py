"""Delimited text taken apart leniently: for samples, and for files too irregular for the fast parser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

WHITESPACE = "whitespace"
_UNIT = "\x1f"  # ASCII's own unit separator stands in for delimiters of several characters


@dataclass(frozen=True)
class Dialect:
    """How fields stand in a line.

    Args:
        delimiter: one or more characters, "whitespace" for runs of spaces and tabs, or "" for a single column.
        quote: the character around fields that hold a delimiter, a quote (doubled) or a line break; None for none.
        escape: whether a backslash, rather than doubling, protects a quote within quotes.
    """

    delimiter: str = ","
    quote: str | None = '"'
    escape: bool = False

    @property
    def mark(self) -> str:
        """The single character that stands between fields once `unify` has been over the text."""
        if self.delimiter == WHITESPACE:
            return "\t"
        return self.delimiter if len(self.delimiter.encode()) == 1 else _UNIT


def unify(data: bytes, dialect: Dialect) -> bytes:
    """The text with `dialect.mark` between fields, where the delimiter is not a single byte already."""
    if dialect.delimiter in ("", dialect.mark):
        return data
    mark = dialect.mark.encode()
    quote = (dialect.quote or "").encode()
    blanks = dialect.delimiter == WHITESPACE
    if blanks and (not quote or quote not in data):
        return _without_runs(data).replace(b" ", mark)
    if blanks:
        data = re.sub(rb"(?m)^[ \t]+|[ \t]+(?=\r?$)", b"", data)
    delimiter = rb"[ \t]+" if blanks else re.escape(dialect.delimiter.encode())
    if not quote or quote not in data:
        return re.sub(delimiter, mark, data)
    kept = rb"(" + quote + rb"[^" + quote + rb"]*" + quote + rb")|" + delimiter
    return re.sub(kept, lambda match: match[1] or mark, data)


def _without_runs(data: bytes) -> bytes:
    """Single spaces between fields and none at the ends of lines: plain replacing is far faster than patterns."""
    data = data.replace(b"\t", b" ")
    while b"  " in data:
        data = data.replace(b"  ", b" ")
    return data.replace(b"\n ", b"\n").replace(b" \n", b"\n").replace(b" \r\n", b"\r\n").strip(b" ")


@dataclass(frozen=True)
class Row:
    """Fields of one row (None where empty and not in quotes) and the position of the character after it."""

    fields: list[str | None]
    end: int

    @property
    def is_blank(self) -> bool:
        """Whether the line was empty."""
        return self.fields == [None]


def split_rows(text: str, mark: str, quote: str | None, escape: bool = False) -> Iterator[Row]:
    """Rows of a text whose lines end in \\n or \\r\\n and whose fields are divided by the character `mark`.

    A quote opens a field only at its start (spaces before it are allowed) and closes it only where spaces, a
    delimiter or the end of the line follow; any other quote is a character like others. A field whose quote is
    never closed is taken as if it had none.
    """
    return _plain_rows(text, mark) if quote is None else _quoted_rows(text, mark, quote, escape)


def _plain_rows(text: str, mark: str) -> Iterator[Row]:
    position = 0
    while position < len(text):
        stop = text.find("\n", position)
        end = len(text) if stop < 0 else stop + 1
        line = text[position : len(text) if stop < 0 else stop].removesuffix("\r")
        yield Row([field or None for field in line.split(mark)], end)
        position = end


def _quoted_rows(text: str, mark: str, quote: str, escape: bool) -> Iterator[Row]:
    limit = re.escape(mark)
    blanks = "" if mark == " " else " *"
    # Atomic groups keep a quote that is never closed from being tried again at each character.
    if escape:
        inside = rf"(?>[^{quote}\\]*(?:(?:\\.|{quote}{quote})[^{quote}\\]*)*)"
    else:
        inside = rf"(?>[^{quote}]*(?:{quote}{quote}[^{quote}]*)*)"
    match_field = re.compile(
        rf"(?:{blanks}{quote}({inside}){quote}{blanks}(?={limit}|\r?\n|\r?\Z)|([^{limit}\n]*))({limit}|\r?\n|\r?\Z)",
        re.DOTALL,
    ).match
    fields: list[str | None] = []
    position = 0
    while position < len(text) or fields:
        match = match_field(text, position)
        assert match is not None  # the bare form takes whatever is there, up to the next limit
        inner, bare, after = match.groups()
        last = after != mark
        if inner is None:
            fields.append((bare.removesuffix("\r") if last else bare) or None)
        else:
            if escape:
                inner = re.sub(r"\\(.)", r"\1", inner, flags=re.DOTALL)
            fields.append(inner.replace(quote * 2, quote))
        position = match.end()
        if last:
            yield Row(fields, position)
            fields = []
