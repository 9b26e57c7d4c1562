"""Excel and OpenDocument sheets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from sevenfold.core.errors import DataError, MissingExtraError, SevenfoldError, unknown_name
from sevenfold.data.readers.base import Format, Raw, Request
from sevenfold.data.readers.blob import Blob
from sevenfold.data.readers.header import lay_out
from sevenfold.data.readers.names import positions, tidy
from sevenfold.data.readers.tokens import Row
from sevenfold.data.readers.typed import settled

if TYPE_CHECKING:
    import polars as pl

_ZIP, _OLD = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_WITHIN = (b"[Content_Types].xml", b"xl/", b"_rels/", b"docProps/", b"mimetypeapplication/vnd.oasis.opendocument")


class Excel(Format):
    """A sheet of .xlsx, .xlsb, .xls or .ods: the first one that holds a table, or the one that is named."""

    name = "excel"
    endings: ClassVar[tuple[str, ...]] = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")

    def recognises(self, head: bytes) -> bool:
        """A zip of sheets, or the older compound file."""
        return head.startswith(_OLD) or (head.startswith(_ZIP) and any(name in head for name in _WITHIN))

    def parse(self, blob: Blob, request: Request) -> Raw:
        """Read one sheet: its first row that is not empty names the columns, unless it holds the target's position."""
        try:
            import fastexcel
        except ImportError as error:
            raise MissingExtraError.of("fastexcel", "files", "Reading Excel files") from error
        content = blob.read()
        try:
            book = fastexcel.read_excel(content)
            sheet, cells = _choose(book, request, blob.name)
            header = _has_header(cells, request)
            frame = _load(book, sheet, header)
        except SevenfoldError:
            raise
        except BaseException as error:
            # A panic of the Rust library is no Exception and has no importable class.
            known = isinstance(error, fastexcel.FastExcelError | ValueError)
            if not known and type(error).__name__ != "PanicException":
                raise
            raise DataError(
                f"{blob.name} is a damaged spreadsheet.", "a complete .xlsx, .xlsb, .xls or .ods file",
                str(error).splitlines()[0][:300], "Open and save it again, or export the sheet as CSV.",
            ) from error  # fmt: skip
        names, notes = tidy(frame.columns if header is not None else positions(frame.width), strip=True)
        frame, more = settled(frame.rename(dict(zip(frame.columns, names, strict=True))))
        rows = frame.height
        frame = frame.filter(~_all_null(frame)) if frame.width > 1 else frame
        if rows > frame.height:
            notes.append(f"{rows - frame.height} empty rows left out")
        if not frame.height:
            raise DataError(f"Sheet '{sheet}' of {blob.name} has no rows.", "a header and rows", "none", "Check it.")
        if header:
            notes.append(f"{header} rows above the header left out")
        others = [name for name in book.sheet_names if name != sheet]
        source = {
            "format": self.name,
            "name": blob.name,
            "compression": blob.compression,
            "sheet": sheet,
            "other_sheets": others,
            "header": header is not None,
            "columns": frame.columns,
            "rows": frame.height,
            "notes": [*notes, *more],
        }
        return Raw(frame, source)

    def describe(self, source: Mapping[str, Any]) -> str:
        """For instance "Excel, sheet 'Data', header"."""
        ignored = f" (not read: {', '.join(source['other_sheets'][:5])})" if source["other_sheets"] else ""
        return f"Excel, sheet '{source['sheet']}'{ignored}, {'header' if source['header'] else 'no header'}"


def _choose(book: Any, request: Request, name: str) -> tuple[str, pl.DataFrame]:
    """The sheet's name and its first rows as text."""
    names: list[str] = book.sheet_names
    asked = request.options.sheet if request.options.sheet is not None else request.like.get("sheet")
    if isinstance(asked, str) and asked in names:
        return asked, _top(book, asked)
    if isinstance(asked, int) and 0 <= asked < len(names):
        return names[asked], _top(book, names[asked])
    if request.options.sheet is not None:
        raise unknown_name("Sheet", str(asked), names)
    for sheet in names:
        if (cells := _top(book, sheet)).height:
            return sheet, cells
    raise DataError(f"{name} has no rows.", "a sheet with a table", f"{len(names)} empty sheets", "Check the file.")


def _top(book: Any, sheet: str) -> pl.DataFrame:
    loaded: pl.DataFrame = book.load_sheet(sheet, header_row=None, n_rows=50, skip_rows=0, dtypes="string").to_polars()
    return loaded


def _load(book: Any, sheet: str, header: int | None) -> pl.DataFrame:
    loaded = book.load_sheet(sheet, header_row=header, skip_rows=0 if header is None else None, schema_sample_rows=None)
    frame: pl.DataFrame = loaded.to_polars()
    return frame


def _all_null(frame: pl.DataFrame) -> pl.Series:
    import polars as pl

    return frame.select(pl.all_horizontal(pl.all().is_null()).alias("empty"))["empty"]


def _has_header(cells: pl.DataFrame, request: Request) -> int | None:
    """The number of the row that names the columns, or None: a title above the table fills fewer cells."""
    if request.options.header is not None:
        return 0 if request.options.header else None
    filled = [sum(cell is not None for cell in row) for row in cells.iter_rows()]
    first = next((number for number, count in enumerate(filled) if count > max(filled) / 2), 0)
    rows = [Row(list(row), 0) for row in cells.iter_rows()][first:]
    named = bool(rows) and lay_out(rows, target=request.target, like=request.like, header=None).header
    return first if named else None
