"""In which encoding a text is written, and the same text as UTF-8."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from sevenfold.core.errors import DataError, RequestError

_CHUNK_BYTES = 2**24
# UTF-32 before UTF-16: the mark of the one begins with the mark of the other.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROL_1 = re.compile(rb"[\x80-\x9f]")
_NOT_IN_CP1252 = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
_BROKEN = re.compile("[\udc80-\udcff]")
_MULTIBYTE = re.compile("[^\x00-\x7f\udc80-\udcff]")


@dataclass(frozen=True)
class Text:
    """UTF-8 bytes without a byte order mark, the encoding they had, and what was noticed."""

    data: bytes
    encoding: str
    byte_order_mark: bool = False
    notes: tuple[str, ...] = ()


def to_utf8(data: bytes, name: str, encoding: str | None = None, like: str | None = None) -> Text:
    """Detect the encoding (or take the one that was said) and convert.

    Args:
        data: the whole content.
        name: of the content, for messages.
        encoding: what the user said; a RequestError where Python knows no such encoding.
        like: encoding of an earlier file of the same kind, taken where this one is neither marked nor UTF-8.
    Raises:
        DataError: the bytes are not text in the encoding that was said, or not text at all.
    """
    for mark, marked in _MARKS:
        if data.startswith(mark) and (encoding is None or _canonical(encoding).startswith(marked[:6])):
            return Text(_converted(data[len(mark) :], marked, name), marked, byte_order_mark=True)
    if encoding is not None:
        canonical = _canonical(encoding)
        return Text(_converted(data, canonical, name), canonical)
    wide = _wide(data)
    if wide:
        return Text(_converted(data, wide, name), wide)
    if data.isascii() or _is_utf8(data):
        return Text(data, "utf-8")
    if like and like != "utf-8":
        return Text(_converted(data, like, name), like)
    return _eight_bit(data)


def _eight_bit(data: bytes) -> Text:
    # A UTF-8 text with a few broken bytes is common (two files joined); taking it for cp1252 would break all the rest.
    sample = data[: 2**22].decode("utf-8", errors="surrogateescape")
    broken, multibyte = len(_BROKEN.findall(sample)), len(_MULTIBYTE.findall(sample))
    if multibyte > 10 * broken:
        repaired = data.decode("utf-8", errors="surrogateescape")
        count = len(_BROKEN.findall(repaired))
        repaired = _BROKEN.sub(lambda m: bytes([ord(m[0]) - 0xDC00]).decode("cp1252", errors="replace"), repaired)
        note = f"{count} bytes are not UTF-8 and were read as Windows-1252"
        return Text(repaired.encode(), "utf-8", notes=(note,))
    encoding = "cp1252" if _CONTROL_1.search(data) and not _NOT_IN_CP1252.search(data) else "latin-1"
    return Text(_converted(data, encoding, ""), encoding)


def _converted(data: bytes, encoding: str, name: str) -> bytes:
    if encoding == "utf-8":
        if data.isascii() or _is_utf8(data):
            return data
        _, position = _first_error(data)
        raise _not_text(name, encoding, f"byte 0x{data[position]:02x} at position {position}")
    try:
        return data.decode(encoding).encode("utf-8")
    except UnicodeDecodeError as error:
        raise _not_text(name, encoding, f"{error.reason} at byte {error.start}") from error
    except UnicodeEncodeError as error:
        raise _not_text(name, encoding, "half a surrogate pair") from error


def _not_text(name: str, encoding: str, received: str) -> DataError:
    return DataError(
        f"{name or 'The content'} is not text in {encoding}.",
        f"{encoding} throughout",
        received,
        "The file is cut off or in another encoding: name it with the option 'encoding', or save it as UTF-8.",
    )


def _canonical(encoding: str) -> str:
    try:
        return {"iso8859-1": "latin-1"}.get(known := codecs.lookup(encoding).name, known)
    except LookupError as error:
        raise RequestError(
            f"Encoding '{encoding}' is unknown.", "an encoding such as utf-8, cp1252, latin-1", encoding, "Check it."
        ) from error


def _wide(data: bytes) -> str | None:
    """UTF-16 without a mark shows by zero bytes at every other place."""
    sample = data[:4096]
    if len(sample) < 4 or len(data) % 2:
        return None
    even, odd = sample[0::2].count(0) / len(sample[0::2]), sample[1::2].count(0) / len(sample[1::2])
    if odd > 0.4 and even < 0.05:
        return "utf-16-le"
    return "utf-16-be" if even > 0.4 and odd < 0.05 else None


def _is_utf8(data: bytes) -> bool:
    return _first_error(data)[0]


def _first_error(data: bytes) -> tuple[bool, int]:
    """Whether all is UTF-8, and where it is not. In chunks, so that the decoded text is never held whole."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    view = memoryview(data)
    for start in range(0, len(data), _CHUNK_BYTES):
        try:
            decoder.decode(view[start : start + _CHUNK_BYTES], final=start + _CHUNK_BYTES >= len(data))
        except UnicodeDecodeError as error:
            return False, min(len(data) - 1, start + error.start)
    return True, 0
