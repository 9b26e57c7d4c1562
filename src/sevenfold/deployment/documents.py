"""JSON from outside, read with suspicion; JSON of ours, written in one form."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any

from sevenfold.core.errors import DataError

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_DIGITS_LIMIT = 400  # no float64 has more digits before its point
_SMALL_BYTES = 2**16  # longer texts are not read twice
_SMALL = 1e-4  # smaller numbers are written with an exponent, of which there are several forms
WIDE = 2.0**63  # whole numbers from here on may have been read as fractions


class DocumentError(DataError):
    """A text is not the JSON that was asked for. The message never holds the text itself."""


def parse(content: bytes, *, limit_bytes: int, limit_depth: int = 64) -> Any:
    """The value of a JSON text in UTF-8.

    Refused: more bytes or deeper nesting than the limits, a key twice in one object, NaN and Infinity (null is how a
    missing value is written), whole numbers of more than 400 digits, anything that is not JSON.

    Raises:
        DocumentError: any of these.
    """
    if len(content) > limit_bytes:
        raise DocumentError("The JSON text is too long.", f"at most {limit_bytes} bytes", f"{len(content)} bytes")
    try:
        value = flat(content)
        if value is not None:
            return value
        if content.count(b"[") + content.count(b"{") > limit_depth and _depth(content) > limit_depth:
            raise DocumentError("The JSON text is nested too deeply.", f"at most {limit_depth} levels", "more")
        text = content.decode("utf-8")
        value = _quickly(text, len(content)) if content.count(b"{") == 1 else None
        if not (type(value) is dict and has_at_most(content, len(value))):
            value = _DECODER.decode(text)  # with a look at every key
        if b"\\u" in content and _SURROGATE.search(content):
            json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair is no character
        return value
    except DocumentError:
        raise
    except UnicodeError:
        raise DocumentError("The JSON text is not UTF-8.", "UTF-8", "other bytes, or half a character") from None
    except json.JSONDecodeError as error:
        place = f"{error.msg} at line {error.lineno}, column {error.colno}"
        raise DocumentError(f"The text is not JSON: {place}.", "JSON", place) from None
    except (ValueError, RecursionError):
        raise DocumentError("The text is not JSON that can be read.", "JSON", "something else") from None


def parse_unchecked(content: bytes) -> Any:
    """The value of a small JSON text, for who looks at all of it: nothing bounds its depth or its whole numbers, those
    beyond `WIDE` may be fractions, and of a key that comes twice the last value counts; `has_at_most` tells whether one
    may.

    Raises:
        ValueError: it is no JSON, is not UTF-8, or may hold half a character.
        DocumentError: it holds NaN or Infinity.
        RecursionError: it is nested deeply.
    """
    if b"\\u" in content:
        raise ValueError("characters that must be looked at")
    return _quickly(content.decode("utf-8"), 0) if _swift is None else _swift(content)


def has_at_most(content: bytes, keys: int) -> bool:
    """Whether a JSON text is sure to have no more keys than so many, those that come twice counted twice.

    A value that has so many distinct ones has then none of them twice, and nobody has looked at each.
    """
    if content.count(b":") == keys:
        return True  # there may be colons in texts
    if b" :" in content or b"\t:" in content or b"\n:" in content or b"\r:" in content:
        return False  # otherwise every key ends in '":'
    return content.count(b'":') == keys


def flat(content: bytes) -> dict[str, Any] | None:
    """What `parse` gives for a small object of plain values and of no key twice; None where that is not sure.

    The library itself refuses what is nested deeply, and half a surrogate pair.
    """
    if _swift is None or len(content) > _SMALL_BYTES or not content.startswith(b"{"):
        return None
    try:
        value = _swift(content)
    except ValueError:  # what is wrong is told by who reads it next
        return None
    if type(value) is not dict or not has_at_most(content, len(value)):
        return None
    values = value.values()
    # A whole number that 64 bits do not hold is read as a fraction; as a category it is another text.
    try:
        return value if sum(map(abs, values)) < WIDE else None
    except TypeError:  # not all of them are numbers
        if not set(map(type, values)) <= _PLAIN:
            return None
        return None if [v for v in values if type(v) is float and not -WIDE < v < WIDE] else value


def number(value: Any) -> float | None:
    """A value of a document that nobody has checked as a finite float, None where it is no such number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= sys.float_info.max:
        return None  # a whole number may be larger than any float, and "1e999" is read as infinity
    return float(value)


def digits_of(chances: Sequence[float]) -> list[str]:
    """Finite numbers as `compact` writes them; those of a common size in a third of the time."""
    if _write is None or min(chances) < _SMALL or max(chances) > 1.0:
        return [repr(chance) for chance in chances]
    return _write(chances)[1:-1].decode().split(",")


def canonical(value: Any) -> bytes:
    """Plain data as JSON in one form: keys sorted, no spaces, UTF-8, no NaN."""
    return _SORTED.encode(value).encode()


def compact(value: Any) -> bytes:
    """Plain data as JSON in the order it has: for answers, where nothing is compared byte by byte."""
    return _COMPACT.encode(value).encode()


def _quickly(text: str, size: int) -> Any:
    """The value of a text of so many bytes; of a key that comes twice, the last value."""
    decoder = _QUICKEST if size <= _DIGITS_LIMIT else _QUICK
    try:
        value, end = decoder.scan_once(text, 0)  # type: ignore[attr-defined] # what `decode` itself calls
    except StopIteration:
        end = -1
    return value if end == len(text) else decoder.decode(text)  # there are blanks around it, or it is wrong


def _depth(content: bytes) -> int:
    depth = deepest = 0
    for match in _TOKEN.finditer(content):
        token = match[0]
        if token in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif token in b"]}":
            depth -= 1
    return deepest


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise DocumentError("An object in the JSON text has a key twice.", "distinct keys", "a repeated key")
    return values


def _constant(name: str) -> Any:
    raise DocumentError("The JSON text holds a number that JSON does not have.", "null for a missing number", name)


def _integer(digits: str) -> int:
    if len(digits) > _DIGITS_LIMIT:
        raise DocumentError("The JSON text holds a giant number.", f"at most {_DIGITS_LIMIT} digits", "more")
    return int(digits)


def _swift_ones() -> tuple[Callable[[bytes], Any] | None, Callable[[Any], bytes] | None]:
    """orjson's reader and writer, where it is installed: several times as quick, and nothing needs them."""
    try:
        import orjson
    except ImportError:
        return None, None
    return orjson.loads, orjson.dumps


_PLAIN = {float, int, str, bool, type(None)}
_swift, _write = _swift_ones()
# Made once: json.loads and json.dumps make a new one for every call that has options.
_QUICKEST = json.JSONDecoder(parse_constant=_constant)  # where no number can be too long
_QUICK = json.JSONDecoder(parse_constant=_constant, parse_int=_integer)
_DECODER = json.JSONDecoder(object_pairs_hook=_distinct, parse_constant=_constant, parse_int=_integer)
_SORTED = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
_COMPACT = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
