"""Zstandard content as a stream that notices when it is cut off."""

from __future__ import annotations

from typing import IO, Any

# A kilobyte of input gives at most some 32 MB of output, so a bomb cannot fill the memory between two looks.
_FEED_BYTES = 1024


class ZstandardStream:
    """Decompressed bytes of one frame after another; ends with an EOFError where the last one is not complete."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self._frame: Any = None
        self._ready = bytearray()
        self._left = b""

    def read(self, count: int) -> bytes:
        """At most `count` bytes; none at the end."""
        while len(self._ready) < count:
            fed = self._left or self._source.read(_FEED_BYTES)
            self._left = b""
            if not fed:
                if self._frame is not None:
                    raise EOFError("the compressed content ends in the middle")
                break
            self._feed(fed)
        taken = bytes(self._ready[:count])
        del self._ready[:count]
        return taken

    def _feed(self, fed: bytes) -> None:
        import zstandard

        if self._frame is None:
            self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._ready += self._frame.decompress(fed)
        if self._frame.eof:
            self._left = self._frame.unused_data
            self._frame = None
