"""Learned states made smaller inside the uncompressed zip: a member `NAME.z` is the member `NAME` as one zlib stream.

Trees in text and tables of weights shrink to a third, and reading them back takes milliseconds. A stream may expand to
at most `RATIO_LIMIT` times its size and ends where the member ends, so that a small file never becomes a large one:
what would shrink more than that is stored as it is.
Source: RFC 1950.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping

from sevenfold.core.errors import BundleError

SUFFIX = ".z"
RATIO_LIMIT = 40
_LEVEL = 4
_LEAST_BYTES = 512  # below, a stream's own frame outweighs the gain
_GAIN = 0.9  # what shrinks by less is stored as it is: quicker to load


def squeeze(members: Mapping[str, bytes]) -> dict[str, bytes]:
    """The members, those renamed and compressed that gain by it. Equal members, equal bytes (with one zlib)."""
    return dict(_smaller(name, content) for name, content in members.items())


def expand(members: Mapping[str, bytes]) -> dict[str, bytes]:
    """The members that `squeeze` was given.

    Raises:
        BundleError: a stream is damaged, expands too far, has something after its end, or a name is there twice.
    """
    expanded: dict[str, bytes] = {}
    for name, content in members.items():
        plain = name.removesuffix(SUFFIX)
        if plain in expanded:
            raise _damaged(f"{plain} is there twice")
        expanded[plain] = content if plain == name else _whole(name, content)
    return expanded


def _smaller(name: str, content: bytes) -> tuple[str, bytes]:
    if len(content) >= _LEAST_BYTES:
        packed = zlib.compress(content, _LEVEL)
        if len(content) / RATIO_LIMIT <= len(packed) <= _GAIN * len(content):
            return name + SUFFIX, packed
    return name, content


def _whole(name: str, content: bytes) -> bytes:
    limit = RATIO_LIMIT * len(content)
    stream = zlib.decompressobj()
    try:
        whole = stream.decompress(content, limit + 1)
    except zlib.error:
        raise _damaged(f"{name} is no zlib stream") from None
    if len(whole) > limit:
        raise _damaged(f"{name} expands to more than {RATIO_LIMIT} times its size")
    if not stream.eof or stream.unused_data:
        raise _damaged(f"{name} does not end where its stream ends")
    return whole


def _damaged(why: str) -> BundleError:
    return BundleError("The model file is damaged.", "a file as Sevenfold wrote it", why)
