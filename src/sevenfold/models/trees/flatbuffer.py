"""FlatBuffers read with every offset checked against what is there; fields by number, as a schema lists them.

Source: FlatBuffers, "FlatBuffer Internals" (flatbuffers.dev/internals).
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

_SIZE = struct.Struct("<I")


class Buffer:
    """Bytes with a table at their root. Whatever does not fit raises a ValueError."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def root(self) -> Table:
        """The table at the root."""
        return Table(self, self.unsigned(0))

    def unpack(self, form: struct.Struct, at: int) -> Any:
        """A number of the given form."""
        if at < 0 or at + form.size > len(self.content):
            raise ValueError("a place outside the file")
        return form.unpack_from(self.content, at)[0]

    def unsigned(self, at: int) -> int:
        """A size or an offset."""
        return int(self.unpack(_SIZE, at))


class Table:
    """One table, by fields' numbers."""

    def __init__(self, buffer: Buffer, at: int) -> None:
        self._buffer, self._at = buffer, at
        self._fields = at - int(buffer.unpack(struct.Struct("<i"), at))
        self._size = int(buffer.unpack(struct.Struct("<H"), self._fields))
        if self._size < 4 or self._size % 2:
            raise ValueError("a table of fields that is none")

    def number(self, field: int, form: str, default: float = 0) -> Any:
        """A number in the table itself.

        Args:
            form: as of `struct`: "b", "i", "f", "d".
        """
        at = self._place(field)
        return default if at is None else self._buffer.unpack(struct.Struct("<" + form), at)

    def table(self, field: int) -> Table:
        """A table that must be there."""
        at = self._target(field)
        if at is None:
            raise ValueError("a table that is missing")
        return Table(self._buffer, at)

    def tables(self, field: int) -> list[Table]:
        """A vector of tables, empty where the field is not there."""
        start, count = self._vector(field, 4)
        return [Table(self._buffer, at + self._buffer.unsigned(at)) for at in range(start, start + 4 * count, 4)]

    def texts(self, field: int) -> list[bytes]:
        """A vector of texts."""
        start, count = self._vector(field, 4)
        return [self._bytes(at + self._buffer.unsigned(at), 1)[0] for at in range(start, start + 4 * count, 4)]

    def array(self, field: int, form: str) -> Any:
        """A vector of numbers, (count,), empty where the field is not there.

        Args:
            form: as of numpy: "u1", "i4", "f4", "f8".
        """
        dtype = np.dtype("<" + form)
        at = self._target(field)
        if at is None:
            return np.empty(0, dtype)
        return np.frombuffer(self._bytes(at, dtype.itemsize)[0], dtype)

    def records(self, field: int, item_bytes: int) -> bytes:
        """The bytes of a vector of records of that size, empty where the field is not there."""
        at = self._target(field)
        return b"" if at is None else self._bytes(at, item_bytes)[0]

    def length(self, field: int) -> int:
        """How many entries a vector of anything has."""
        at = self._target(field)
        return 0 if at is None else self._buffer.unsigned(at)

    def _bytes(self, at: int, item_bytes: int) -> tuple[bytes, int]:
        count = self._buffer.unsigned(at)
        end = at + 4 + count * item_bytes
        if end > len(self._buffer.content):
            raise ValueError("a vector outside the file")
        return self._buffer.content[at + 4 : end], count

    def _vector(self, field: int, item_bytes: int) -> tuple[int, int]:
        at = self._target(field)
        if at is None:
            return 0, 0
        return at + 4, self._bytes(at, item_bytes)[1]

    def _target(self, field: int) -> int | None:
        at = self._place(field)
        return None if at is None else at + self._buffer.unsigned(at)

    def _place(self, field: int) -> int | None:
        entry = 4 + 2 * field
        if entry + 2 > self._size:
            return None
        offset = int(self._buffer.unpack(struct.Struct("<H"), self._fields + entry))
        return self._at + offset if offset else None
