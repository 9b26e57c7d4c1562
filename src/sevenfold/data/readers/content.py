"""From bytes to a table: the format is told by the content, not by the name."""

from __future__ import annotations

from sevenfold.core.errors import DataError
from sevenfold.data.readers.base import Format, Raw, Request
from sevenfold.data.readers.blob import Blob
from sevenfold.data.readers.catalogue import FORMATS

# Content that is surely something else, by its first bytes, with what to do about it.
_FOREIGN = (
    (b"%PDF", "a PDF document", "Export the table as CSV or Excel."),
    (b"\x89PNG", "a picture", "Give a folder of pictures with a folder for each class."),
    (b"\xff\xd8\xff", "a picture", "Give a folder of pictures with a folder for each class."),
    (b"GIF8", "a picture", "Give a folder of pictures with a folder for each class."),
    (b"\x7fELF", "a program", "Name the data file."),
    (b"MZ\x90", "a program", "Name the data file."),
    (b"PK\x03\x04", "a zip archive", "Unpack it and name the file or folder within."),
    (b"PK\x05\x06", "an empty zip archive", "Name the data file."),
    (b"BZh", "a bzip2 file", "Unpack it, or compress it as .gz or .zst."),
    (b"\xfd7zXZ", "an xz file", "Unpack it, or compress it as .gz or .zst."),
    (b"7z\xbc\xaf", "a 7-zip archive", "Unpack it and name the file within."),
    (b"Rar!", "a rar archive", "Unpack it and name the file within."),
    (b"SQLite format 3\0", "an SQLite database", "Write sqlite:///PATH?table=NAME or sqlite:///PATH?query=SELECT..."),
    (b"FEA1", "a Feather file of version 1", "Write it again as Feather 2 or Parquet."),
    (b"\x89HDF", "an HDF5 file", "Export the table as Parquet or CSV."),
    (b"\x80\x04\x95", "a pickle, which runs code when it is loaded", "Write the table as Parquet."),
    (b"\x80\x05\x95", "a pickle, which runs code when it is loaded", "Write the table as Parquet."),
    (b"\x80\x03", "a pickle, which runs code when it is loaded", "Write the table as Parquet."),
    (b"\x93NUMPY", "a numpy array", "Load it in Python and pass the array, or write it as Parquet."),
    (b"<!DOCTYPE", "a web page", "Fetch the file itself, not the page that shows it."),
    (b"<!doctype", "a web page", "Fetch the file itself, not the page that shows it."),
    (b"<html", "a web page", "Fetch the file itself, not the page that shows it."),
    (b"<?xml", "XML", "Write the table as CSV, JSON lines or Parquet."),
    (b"version https://git-lfs", "a pointer to a file kept by git-lfs", "Run git lfs pull."),
)


def parse(blob: Blob, request: Request) -> Raw:
    """Read content of any known format; a DataError says what it is if it is none of them."""
    return format_of(blob, request).parse(blob, request)


def format_of(blob: Blob, request: Request) -> Format:
    """The format of the content: the one that was said, or the first that recognises its beginning."""
    if request.options.format is not None:
        return FORMATS.get(request.options.format)()
    head = blob.head
    for name in FORMATS.names():
        if name != "csv" and (candidate := FORMATS.get(name)()).recognises(head):
            return candidate
    for start, what, advice in _FOREIGN:
        if head.startswith(start) or head[8:12] == b"DUCK":
            if head[8:12] == b"DUCK":
                what, advice = "a DuckDB database", "Write duckdb:///PATH?table=NAME or duckdb:///PATH?query=SELECT..."
            raise DataError(
                f"{blob.name} is {what}.", "a table: CSV, JSON lines, Parquet, Arrow or Excel", what, advice
            )
    by_name = [name for name in FORMATS.names() if name != "csv" and blob.ending in FORMATS.get(name).endings]
    if by_name and by_name[0] != "json":
        raise DataError(
            f"{blob.name} is no {by_name[0]} file.",
            f"{by_name[0]} content, as its name says",
            f"content that begins with {head[:8]!r}",
            "The file is damaged or misnamed: fetch it again or rename it.",
        )
    return FORMATS.get("csv")()
