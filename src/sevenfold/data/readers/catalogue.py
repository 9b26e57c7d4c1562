"""Every way that data arrive, in the order in which they are asked, and every format of files."""

from __future__ import annotations

from sevenfold.core.registry import Catalogue
from sevenfold.data.readers.base import Format, Reader

READERS: Catalogue[type[Reader]] = Catalogue(
    "Reader",
    "sevenfold.readers",
    {
        "frame": "sevenfold.data.readers.frames:Frame",
        "plain": "sevenfold.data.readers.plain:Plain",
        "stdin": "sevenfold.data.readers.stdin:StandardInput",
        "sqlite": "sevenfold.data.readers.sqlite:Sqlite",
        "duckdb": "sevenfold.data.readers.duck:DuckDB",
        "postgresql": "sevenfold.data.readers.postgres:Postgres",
        "url": "sevenfold.data.readers.remote:Remote",
        "pictures": "sevenfold.data.readers.pictures:Pictures",
        "shards": "sevenfold.data.readers.shards:Shards",
        "file": "sevenfold.data.readers.file:File",
    },
)

# Text is asked last: it recognises whatever no other format does.
FORMATS: Catalogue[type[Format]] = Catalogue(
    "Format",
    "sevenfold.formats",
    {
        "parquet": "sevenfold.data.readers.arrow_files:Parquet",
        "arrow": "sevenfold.data.readers.arrow_files:Arrow",
        "excel": "sevenfold.data.readers.excel:Excel",
        "json": "sevenfold.data.readers.json_text:Json",
        "csv": "sevenfold.data.readers.delimited:Delimited",
    },
)
