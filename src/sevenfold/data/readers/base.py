"""The contracts of reading: a request, what comes back, and the two kinds of readers (by source, by format)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar

from sevenfold.core.context import Resources
from sevenfold.core.errors import RequestError, unknown_name

if TYPE_CHECKING:
    import polars as pl

    from sevenfold.data.readers.blob import Blob


@dataclass(frozen=True)
class Raw:
    """A table as it stands in its source, before any column is typed.

    Args:
        frame: text formats give String columns only (null where a field is empty and not in quotes); formats
            with types of their own keep them.
        source: where it came from and how it was read, as plain data: `format`, `columns`, `rows`, `notes`
            (sentences for people), and what the format found out (encoding, delimiter, header, ...). Given as
            `like`, it lets another file be read the same way.
    """

    frame: pl.DataFrame
    source: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Options:
    """What a user may say against what is found out; None leaves it to the reader.

    Args:
        format: name of a format, where neither content nor name tells it.
        encoding: any encoding Python knows, for delimited text.
        delimiter: what stands between two fields; "whitespace" for runs of spaces.
        quote: the quote character, "" for none.
        header: whether the first row names the columns.
        sheet: name of an Excel sheet, or its number from 0.
        query: SQL, for a database.
        table: table name, for a database.
        limit_bytes: most bytes of decompressed content to hold; half of the memory by default.
        memory_bytes: what the work on the table may take in all; of a larger one, a sample is read where the format
            allows it.
        seed: of that sample.
    """

    format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    header: bool | None = None
    sheet: str | int | None = None
    query: str | None = None
    table: str | None = None
    limit_bytes: int | None = None
    memory_bytes: float | None = None
    seed: int = 0

    @classmethod
    def of(cls, settings: Mapping[str, Any] | Options | None) -> Options:
        """Options of plain data; unknown names are errors."""
        if isinstance(settings, Options):
            return settings
        known = {f.name for f in fields(cls)}
        for name in settings or {}:
            if name not in known:
                raise unknown_name("Reading option", name, known)
        return cls(**dict(settings or {}))

    def given(self) -> dict[str, Any]:
        """The options that were said, as plain data."""
        return {name: value for name, value in asdict(self).items() if value is not None and name in _SAID}

    @property
    def most_bytes(self) -> int:
        """The limit on decompressed content, resolved."""
        if self.limit_bytes is not None:
            return self.limit_bytes
        return max(2**26, Resources.detect().memory_bytes // 2)


_SAID = {option.name for option in fields(Options)} - {"memory_bytes", "seed"}  # those are the run's, not the user's


@dataclass(frozen=True)
class Request:
    """One reading.

    Args:
        target: name (or position, where there is no header) of the target, if known: it tells a header from data.
        like: `source` of an earlier reading.
        options: what the user said.
    """

    target: str | None = None
    like: Mapping[str, Any] = field(default_factory=dict)
    options: Options = field(default_factory=Options)

    def after(self, source: Mapping[str, Any]) -> Request:
        """The same request for the next shard, to be read like the first."""
        return replace(self, like=source)


class Reader(ABC):
    """A kind of source: a frame, a file, a folder, a database, ..."""

    name: ClassVar[str]

    @abstractmethod
    def accepts(self, source: object) -> bool:
        """Whether this source is of its kind; cheap, and raises nothing."""

    @abstractmethod
    def read(self, source: Any, request: Request) -> Raw:
        """Read it, or raise a RequestError (no such thing) or DataError (unusable content)."""


class Format(ABC):
    """A way in which a table is written as bytes."""

    name: ClassVar[str]
    endings: ClassVar[tuple[str, ...]]

    @abstractmethod
    def recognises(self, head: bytes) -> bool:
        """Whether content that begins with `head` (some kilobytes, decompressed) is surely of this format."""

    @abstractmethod
    def parse(self, blob: Blob, request: Request) -> Raw:
        """Read the content, or raise a DataError."""

    @abstractmethod
    def describe(self, source: Mapping[str, Any]) -> str:
        """What was found out, in words."""


def one_of_path(source: object) -> str | None:
    """The text of a path or URL, or None for anything else."""
    import os

    if isinstance(source, str):
        return source
    if isinstance(source, os.PathLike):
        text = os.fspath(source)
        return text if isinstance(text, str) else None
    return None


def refuse(received: str, expected: str, advice: str) -> RequestError:
    """The error for a source that no reader can take."""
    return RequestError("The data cannot be read.", expected, received, advice)
