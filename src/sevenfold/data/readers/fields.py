"""The body of a delimited text as String columns: by the fast parser where all is regular, else leniently."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.data.readers.quoting import Rows, has_opening, is_regular, measure
from sevenfold.data.readers.tokens import Dialect, split_rows
from sevenfold.data.readers.tolerance import bear, shown_first

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Fields:
    """A parsed body.

    Args:
        frame: String columns.
        quote: the quote that fields really had, or None.
        broken: report on rows with too few or too many fields.
        notes: what was done.
    """

    frame: pl.DataFrame
    quote: str | None
    broken: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def parse_fields(data: bytes, names: Sequence[str], dialect: Dialect, name: str, text_before: int) -> Fields:
    """Parse rows of fields.

    A row with too few fields keeps those it has; one with too many loses those that are empty at its end. A row
    that still has too many stays as a row of nulls, since nobody knows which fields are which; so row numbers
    stand. Blank lines are left out, but in a table of one column, where they are missing values.

    Args:
        data: rows only, no header; fields divided by `dialect.mark`.
        names: of the columns, unique.
        dialect: quote and escape; `mark` is the delimiter.
        name: of the content, for messages.
        text_before: number of lines before `data` in the file.
    Raises:
        DataError: more than a few rows have a wrong number of fields.
    """
    mark = dialect.mark
    quote, data, lenient = _settle_quote(data, dialect)
    if lenient:
        return _parse_leniently(data, names, dialect, name, text_before)
    frame = _parse_fast(data, names, mark, quote)
    if frame is not None and not frame[:, -1].null_count():
        return Fields(frame, quote)
    rows = measure(data, mark, quote)
    if frame is None and (trailing := _without_trailing(data, rows, names, mark, quote)) is not None:
        frame, notes = _without_blanks(trailing, rows)
        return Fields(frame, quote, {}, notes)
    broken, long = _wrong_widths(data, rows, len(names), mark, quote)
    report: dict[str, Any] = {}
    if broken:
        lines = {row: data.count(b"\n", 0, int(rows.starts[row])) + 1 + text_before for row in shown_first(broken)}
        report = bear(name, broken, len(rows.fields), f"{len(names)} fields in each row", lines)
    if long or frame is None:
        frame = _parse_fast(_rewritten(data, rows, long), names, mark, quote)
    if frame is None or frame.height != len(rows.fields):
        return _parse_leniently(data, names, dialect, name, text_before)
    frame, notes = _without_blanks(frame, rows)
    return Fields(frame, quote, report, notes)


def _settle_quote(data: bytes, dialect: Dialect) -> tuple[str | None, bytes, bool]:
    """The quote that is in use, the text with quotes doubled rather than escaped, and whether it is irregular."""
    quote, mark = dialect.quote, dialect.mark
    if quote is None or quote.encode() not in data:
        return None, data, False
    if dialect.escape:
        if b"\\\\" in data:
            return quote, data, True
        doubled = data.replace(b"\\" + quote.encode(), quote.encode() * 2)
        return (quote, doubled, False) if is_regular(doubled, mark, quote) else (quote, data, True)
    if is_regular(data, mark, quote):
        return quote, data, False
    # Inches and the like: where no field begins with a quote, a quote is a character like others.
    return (quote, data, True) if has_opening(data, mark, quote) else (None, data, False)


def _parse_fast(data: bytes, names: Sequence[str], mark: str, quote: str | None) -> pl.DataFrame | None:
    import polars as pl

    try:
        return pl.read_csv(
            data,
            has_header=False,
            separator=mark,
            quote_char=quote,
            schema=dict.fromkeys(names, pl.String),
        )
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return None


def _wrong_widths(
    data: bytes, rows: Rows, width: int, mark: str, quote: str | None
) -> tuple[dict[int, str], dict[int, bytes]]:
    """What is wrong with rows, and new bytes for those with too many fields."""
    wrong = np.flatnonzero((rows.fields != width) & ~rows.blank)
    broken: dict[int, str] = {}
    long: dict[int, bytes] = {}
    for row in wrong.tolist():
        count = int(rows.fields[row])
        if count < width:
            broken[row] = f"has {count} fields"
            continue
        content = rows.content(data, row)
        kept = content.rstrip(b"\r\n")
        while count > width and kept.endswith(mark.encode()):
            kept, count = kept[: -len(mark)], count - 1
        if count == width:
            long[row] = kept + b"\n"
        else:
            broken[row] = f"has {int(rows.fields[row])} fields and was left empty"
            long[row] = mark.encode() * (width - 1) + b"\n"
    return broken, long


def _without_trailing(
    data: bytes, rows: Rows, names: Sequence[str], mark: str, quote: str | None
) -> pl.DataFrame | None:
    """The table, where rows have one field too many at most and it is always empty: a delimiter at the line's end."""
    if not np.all((rows.fields == len(names) + 1) | (rows.fields == len(names)) | rows.blank):
        return None
    extra = "after " + max(names, key=len)
    frame = _parse_fast(data, [*names, extra], mark, quote)
    if frame is None or frame.height != len(rows.fields) or frame[extra].null_count() < frame.height:
        return None
    return frame.drop(extra)


def _rewritten(data: bytes, rows: Rows, changed: dict[int, bytes]) -> bytes:
    pieces: list[bytes] = []
    position = 0
    for row, content in sorted(changed.items()):
        start = int(rows.starts[row])
        pieces += [data[position:start], content]
        position = start + len(rows.content(data, row))
    return b"".join([*pieces, data[position:]])


def _without_blanks(frame: pl.DataFrame, rows: Rows) -> tuple[pl.DataFrame, tuple[str, ...]]:
    blank = rows.blank
    if frame.width == 1:
        # Within a single column a blank line is a missing value, but not at the end of the file.
        filled = np.flatnonzero(~blank)
        blank = np.arange(len(blank)) > (filled[-1] if len(filled) else -1)
    if not blank.any():
        return frame, ()
    return frame.filter(~blank), (f"{int(blank.sum())} blank lines left out",)


def _parse_leniently(data: bytes, names: Sequence[str], dialect: Dialect, name: str, text_before: int) -> Fields:
    import polars as pl

    width = len(names)
    columns: list[list[str | None]] = [[] for _ in names]
    broken: dict[int, str] = {}
    lines: dict[int, int] = {}
    text = data.decode()
    blanks = count = begin = line = 0
    for row in split_rows(text, dialect.mark, dialect.quote, dialect.escape):
        fields = row.fields
        if row.is_blank and (width > 1 or not text[row.end :].strip("\r\n")):
            blanks += 1
        else:
            if len(fields) != width:
                fields = _fitted(fields, width, count, broken)
                if count in broken:
                    lines[count] = line + 1 + text_before
            for column, value in zip(columns, fields, strict=True):
                column.append(value)
            count += 1
        line += text.count("\n", begin, row.end)
        begin = row.end
    report = bear(name, broken, count, f"{width} fields in each row", lines) if broken else {}
    frame = pl.DataFrame(dict(zip(names, columns, strict=True)), schema=dict.fromkeys(names, pl.String))
    notes = ["quotes stand irregularly, so the file was read more slowly and leniently"]
    if blanks:
        notes.append(f"{blanks} blank lines left out")
    return Fields(frame, dialect.quote, report, tuple(notes))


def _fitted(fields: list[str | None], width: int, row: int, broken: dict[int, str]) -> list[str | None]:
    if len(fields) < width:
        broken[row] = f"has {len(fields)} fields"
        return fields + [None] * (width - len(fields))
    if all(value is None for value in fields[width:]):
        return fields[:width]
    broken[row] = f"has {len(fields)} fields and was left empty"
    return [None] * width
