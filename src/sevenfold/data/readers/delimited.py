"""CSV, TSV and every other delimited text: all is found out, nothing need be told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from sevenfold.core.errors import DataError
from sevenfold.data.readers.base import Format, Raw, Request
from sevenfold.data.readers.blob import Blob
from sevenfold.data.readers.cells import decimal_mark
from sevenfold.data.readers.encodings import Text, to_utf8
from sevenfold.data.readers.fields import parse_fields
from sevenfold.data.readers.header import Layout, lay_out
from sevenfold.data.readers.sniff import rows_of, sniff, usual_width
from sevenfold.data.readers.tokens import WHITESPACE, Dialect, unify

if TYPE_CHECKING:
    import polars as pl

_SAMPLE_BYTES = 2**18
_MOST_SAMPLE_BYTES = 2**23
_SAMPLE_LINES = 30
_CONTROLS = re.compile("[\x00\x02-\x08\x0b\x0e-\x1a\x1c-\x1e\x7f-\x9f\ufffd]")
_NAMES = {",": "CSV", "\t": "TSV"}


class Delimited(Format):
    """Text with a delimiter between fields. All columns come as String."""

    name = "csv"
    endings: ClassVar[tuple[str, ...]] = (".csv", ".tsv", ".tab", ".psv", ".txt", ".dat", ".data", ".dsv")

    def recognises(self, head: bytes) -> bool:
        """Any text may be delimited text: this format is asked last."""
        return True

    def parse(self, blob: Blob, request: Request) -> Raw:
        """Read a delimited text: encoding, line ends, delimiter, quotes and header from the content itself."""
        options, like = request.options, request.like
        said = like.get("options") or {}
        text = to_utf8(blob.read(), blob.name, options.encoding or said.get("encoding"), like.get("encoding"))
        notes = list(text.notes)
        data, line_ending = _line_breaks(_without_nulls(text, blob.name, notes))
        sample = _sample(data, blob.name)
        dialect = sniff(
            sample,
            delimiter=options.delimiter or said.get("delimiter"),
            quote=options.quote if options.quote is not None else said.get("quote"),
            ending=blob.ending,
        )
        dialect = _as_before(dialect, sample, like)
        data = unify(data, dialect)
        rows = rows_of(_sample(data, blob.name), Dialect(dialect.mark, dialect.quote, dialect.escape))
        layout = lay_out(rows, target=request.target, like=like, header=_said_header(request))
        start = rows[layout.data - 1].end if layout.data else 0
        body = _after(data, start)
        del data
        if not body.strip(b"\r\n"):
            raise _no_rows(blob.name, layout)
        fields = parse_fields(body, layout.names, dialect, blob.name, text_before=layout.data)
        notes += [*layout.notes, *fields.notes]
        source: dict[str, Any] = {
            "format": self.name,
            "name": blob.name,
            "compression": blob.compression,
            "encoding": text.encoding,
            "byte_order_mark": text.byte_order_mark,
            "delimiter": dialect.delimiter,
            "quote": fields.quote,
            "line_ending": line_ending,
            "header": layout.header,
            "header_reason": layout.reason,
            "skipped_lines": layout.skipped,
            "decimal": decimal_mark(_sampled(fields.frame)),
            "columns": list(fields.frame.columns),
            "rows": fields.frame.height,
            "notes": notes,
        }
        if fields.broken:
            source["bad_rows"] = fields.broken
        if options.given() or said:
            source["options"] = {**said, **options.given()}
        return Raw(fields.frame, source)

    def describe(self, source: Mapping[str, Any]) -> str:
        """For instance "CSV, ';' delimited, cp1252, CRLF, header"."""
        delimiter = source["delimiter"]
        words = {"\t": "tab", " ": "space", WHITESPACE: "spaces", "\x1f": "unit separator", "\x01": "\\x01"}
        divided = f"{words.get(delimiter, repr(delimiter))} delimited" if delimiter else "one column"
        parts = [_NAMES.get(delimiter, "CSV"), divided]
        parts.append(source["encoding"] + (" with byte order mark" if source["byte_order_mark"] else ""))
        parts.append(source["line_ending"])
        if source["quote"] and source["quote"] != '"':
            parts.append(f"{source['quote']} quoted")
        if source["decimal"] == ",":
            parts.append("decimal comma")
        parts.append("header" if source["header"] else "no header")
        return ", ".join(parts)


def _said_header(request: Request) -> bool | None:
    if request.options.header is not None:
        return request.options.header
    said = (request.like.get("options") or {}).get("header")
    return said if isinstance(said, bool) else None


def _without_nulls(text: Text, name: str, notes: list[str]) -> bytes:
    """The text without NUL bytes, if they are few; much of what no text holds is a DataError."""
    data = text.data
    sample = data[:_SAMPLE_BYTES].decode("utf-8", errors="ignore")
    strange = len(_CONTROLS.findall(sample))
    nulls = data.count(0)
    # A crash can leave a file that ends in zeros; those are no sign of binary content.
    ending = len(data) - len(data.rstrip(b"\0"))
    if strange - min(ending, sample.count("\0")) > max(2, 0.005 * len(sample)) or nulls - ending > 0.001 * len(data):
        raise DataError(
            f"{name} is not text.",
            "a table: CSV, JSON lines, Parquet, Arrow or Excel",
            f"binary content ({strange} control characters among the first {len(sample)})",
            "Check that the file is the right one, or name its encoding with the option 'encoding'.",
        )
    if nulls:
        notes.append(f"{nulls} NUL bytes were left out")
        data = data.replace(b"\0", b"")
    if not data.strip():
        raise DataError(f"{name} is empty.", "rows of data", "no text", "Check how the file was made.")
    return data


def _line_breaks(data: bytes) -> tuple[bytes, str]:
    """The text with \\n or \\r\\n at line ends, and how they were: "LF", "CRLF", "CR" or "mixed"."""
    if b"\r" not in data:
        return data, "LF"
    pairs, breaks = data.count(b"\r\n"), data.count(b"\n")
    if not breaks:
        return data.replace(b"\r", b"\n"), "CR"
    if pairs == breaks:
        return data, "CRLF"
    return data, "mixed" if pairs else "LF"


def _sample(data: bytes, name: str) -> str:
    """Whole lines from the start: a quarter of a megabyte, or as much as holds some thirty lines."""
    size = _SAMPLE_BYTES
    while size < len(data) and size < _MOST_SAMPLE_BYTES and data.count(b"\n", 0, size) < _SAMPLE_LINES:
        size *= 2
    if size >= len(data):
        return data.decode()
    end = data.rfind(b"\n", 0, size)
    if end < 0:
        raise DataError(
            f"{name} begins with a line of more than {size:,} bytes.",
            "rows divided by line breaks",
            "a giant line",
            "Check that the file is a table; an unusual line break has to be replaced first.",
        )
    return data[: end + 1].decode()


def _as_before(dialect: Dialect, sample: str, like: Mapping[str, Any]) -> Dialect:
    """The earlier file's delimiter, where it divides this one into the earlier columns and the guess does not."""
    delimiter, columns = like.get("delimiter"), like.get("columns") or []
    if not delimiter or delimiter == dialect.delimiter:
        return dialect
    earlier = Dialect(str(delimiter), dialect.quote, dialect.escape)
    wanted = {len(columns), len(columns) - 1}
    if usual_width(rows_of(sample, earlier)) in wanted and usual_width(rows_of(sample, dialect)) not in wanted:
        return earlier
    return dialect if len(columns) != 1 else earlier


def _after(data: bytes, characters: int) -> bytes:
    """The bytes after so many characters."""
    if not characters:
        return data
    # A character is at most four bytes, so this much surely holds the characters that are counted off.
    head = data[: 4 * characters + 4].decode("utf-8", errors="ignore")[:characters]
    return data[len(head.encode()) :]


def _sampled(frame: pl.DataFrame) -> list[list[str | None]]:
    return [column.to_list() for column in frame.head(1000).get_columns()]


def _no_rows(name: str, layout: Layout) -> DataError:
    return DataError(
        f"{name} has no rows.",
        "a header and at least one row",
        f"only a header: {', '.join(layout.names[:8])}",
        "Check how the file was made.",
    )
