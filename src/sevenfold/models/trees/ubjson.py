"""The part of UBJSON that XGBoost writes, read with every length checked against what is there.

Source: Universal Binary JSON, draft 12 (ubjson.org), with the lengths as XGBoost writes them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_DEPTH_LIMIT = 32
_ITEMS_LIMIT = 1 << 26
_NUMBERS: dict[bytes, np.dtype[Any]] = {
    b"i": np.dtype(">i1"), b"U": np.dtype(">u1"), b"I": np.dtype(">i2"), b"l": np.dtype(">i4"), b"L": np.dtype(">i8"),
    b"d": np.dtype(">f4"), b"D": np.dtype(">f8"),
}  # fmt: skip
_CONSTANTS = {b"T": True, b"F": False, b"Z": None}


def read_ubjson(content: bytes) -> Any:
    """The document: mappings, lists, text, numbers; arrays of one type of number as numpy arrays.

    Raises:
        ValueError: it is cut short, nested too deep, says lengths that it does not hold, or goes on after its end.
    """
    reader = _Reader(content)
    value = reader.value(0)
    if reader.position != len(content):
        raise ValueError("something after the end")
    return value


class _Reader:
    def __init__(self, content: bytes) -> None:
        self._content = content
        self.position = 0

    def value(self, depth: int) -> Any:
        kind = self._take(1)
        if kind in _NUMBERS:
            return self._numbers(kind, 1)[0].item()
        if kind == b"S":
            return self._text()
        if kind == b"[":
            return self._list(depth + 1)
        if kind == b"{":
            return self._mapping(depth + 1)
        if kind in _CONSTANTS:
            return _CONSTANTS[kind]
        raise ValueError(f"a value of kind {kind!r}")

    def _mapping(self, depth: int) -> dict[str, Any]:
        _shallow(depth)
        found: dict[str, Any] = {}
        while self._peek() != b"}":
            name = self._text()
            if name in found:
                raise ValueError(f"{name[:30]!r} twice")
            found[name] = self.value(depth)
        self._take(1)
        return found

    def _list(self, depth: int) -> Any:
        _shallow(depth)
        kind = b""
        if self._peek() == b"$":
            self._take(1)
            kind = self._take(1)
        if self._peek() == b"#":
            self._take(1)
            count = self._length()
            if kind:
                if kind not in _NUMBERS:
                    raise ValueError(f"an array of kind {kind!r}")
                return self._numbers(kind, count)
            if count > min(_ITEMS_LIMIT, len(self._content) - self.position):  # an item is a byte at least
                raise ValueError("a list longer than the file")
            return [self.value(depth) for _ in range(count)]
        if kind:
            raise ValueError("an array without a length")
        found = []
        while self._peek() != b"]":
            found.append(self.value(depth))
        self._take(1)
        return found

    def _numbers(self, kind: bytes, count: int) -> Any:
        dtype = _NUMBERS[kind]
        if count > _ITEMS_LIMIT:
            raise ValueError("an array that is too long")
        raw = self._take(count * dtype.itemsize)
        return np.frombuffer(raw, dtype).astype(dtype.newbyteorder("="))

    def _text(self) -> str:
        return self._take(self._length()).decode()

    def _length(self) -> int:
        kind = self._take(1)
        if kind not in _NUMBERS or kind in (b"d", b"D"):
            raise ValueError("a length that is no number")
        length = int(self._numbers(kind, 1)[0])
        if length < 0:
            raise ValueError("a length below 0")
        return length

    def _peek(self) -> bytes:
        return self._content[self.position : self.position + 1]

    def _take(self, count: int) -> bytes:
        end = self.position + count
        if end > len(self._content):
            raise ValueError("cut short")
        taken = self._content[self.position : end]
        self.position = end
        return taken


def _shallow(depth: int) -> None:
    if depth > _DEPTH_LIMIT:
        raise ValueError("nested too deep")
