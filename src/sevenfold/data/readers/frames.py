"""Tables that are already in memory: polars, pandas, Arrow, numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sevenfold.core.errors import DataError
from sevenfold.data.readers.base import Raw, Reader, Request, refuse
from sevenfold.data.readers.names import tidy
from sevenfold.data.readers.pandas_columns import from_pandas
from sevenfold.data.readers.typed import settled

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa


class Frame(Reader):
    """A polars, pandas or Arrow table, a numpy array, or a table of any package that hands out an Arrow stream.

    The packages are recognised by name, so that none is imported for the sake of asking.
    """

    name = "frame"

    def accepts(self, source: object) -> bool:
        """Whether it is an object of one of these packages, or gives an Arrow stream."""
        return _package(source) != ""

    def read(self, source: Any, request: Request) -> Raw:
        """Take over the columns with their types; a LazyFrame is collected."""
        package, kind = _package(source), type(source).__name__
        notes: list[str] = []
        if package == "polars":
            frame = _from_polars(source)
        elif package == "pandas":
            frame, notes = from_pandas(source)
        elif package == "numpy":
            frame = _from_numpy(source)
        elif package == "pyarrow":
            frame = from_arrow(source)
        else:
            frame = _from_stream(source)
        frame, more = settled(frame)
        return in_memory(frame, f"{package} {kind}", [*notes, *more])


def in_memory(frame: pl.DataFrame, described: str, notes: list[str]) -> Raw:
    """A Raw of something that has no file; a DataError where there are no rows."""
    if not frame.height or not frame.width:
        raise DataError(
            "The data have no rows.", "at least one row and one column", f"{frame.height} rows, {frame.width} columns",
            "Check how they were made.",
        )  # fmt: skip
    source = {
        "format": "memory",
        "name": described,
        "columns": frame.columns,
        "rows": frame.height,
        "notes": notes,
    }
    return Raw(frame, source)


def _package(source: object) -> str:
    """The package whose table it is, or derives from; "" for what is no table."""
    for kind in type(source).__mro__:
        package = kind.__module__.partition(".")[0]
        if package in ("polars", "pandas", "pyarrow", "numpy"):
            return package
    is_stream = hasattr(source, "__arrow_c_stream__") and not isinstance(source, type)
    return type(source).__module__.partition(".")[0] if is_stream else ""


def _from_stream(source: Any) -> pl.DataFrame:
    """Any other package's table that speaks Arrow's C stream interface."""
    import polars as pl

    return pl.DataFrame(source)


def _from_polars(source: Any) -> pl.DataFrame:
    import polars as pl

    if isinstance(source, pl.LazyFrame):
        return source.collect()
    if isinstance(source, pl.Series):
        return source.to_frame()
    if isinstance(source, pl.DataFrame):
        return source
    raise refuse(type(source).__name__, "a polars DataFrame, LazyFrame or Series", "Collect it into a DataFrame.")


def from_arrow(source: Any) -> pl.DataFrame:
    """An Arrow table, batch or reader as polars, with unique names."""
    import polars as pl
    import pyarrow as pa

    if isinstance(source, pa.RecordBatchReader):
        source = source.read_all()
    if isinstance(source, pa.RecordBatch):
        source = pa.Table.from_batches([source])
    if not isinstance(source, pa.Table):
        raise refuse(f"pyarrow {type(source).__name__}", "a pyarrow Table or RecordBatch", "Make it a Table.")
    _check_text(source)
    # Arrow allows a name twice, polars does not.
    names, _ = tidy(source.column_names)
    frame = pl.from_arrow(source.rename_columns(names))
    assert isinstance(frame, pl.DataFrame)
    return frame


def _check_text(table: pa.Table) -> None:
    """Whoever made the table may have put any bytes where text should be; polars would read them unseen."""
    import pyarrow as pa

    for name, column in zip(table.column_names, table.columns, strict=True):
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            try:
                column.validate(full=True)
            except pa.ArrowInvalid as error:
                raise DataError(
                    f"Column '{name}' holds bytes that are no text.", "UTF-8 throughout", str(error)[:200],
                    "Hand it over as binary, or decode it first.",
                ) from error  # fmt: skip


def _from_numpy(source: Any) -> pl.DataFrame:
    import numpy as np
    import polars as pl

    from sevenfold.data.readers.names import positions
    from sevenfold.data.readers.series import column_of

    array = np.asarray(source)
    if array.dtype.names:
        return pl.DataFrame([column_of(name, array[name].tolist()) for name in array.dtype.names])
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2:
        raise refuse(
            f"an array of shape {array.shape}", "an array of rows and columns", "Reshape it to two dimensions."
        )
    if array.dtype.kind in "biuf":
        columns = [
            pl.Series(name, np.ascontiguousarray(array[:, i])) for i, name in enumerate(positions(array.shape[1]))
        ]
        return pl.DataFrame(columns)
    return pl.DataFrame([column_of(name, array[:, i].tolist()) for i, name in enumerate(positions(array.shape[1]))])
