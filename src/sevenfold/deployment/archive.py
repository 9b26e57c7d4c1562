"""The container of a bundle: an uncompressed zip with exactly one possible form for given members.

The writer lays members out in a fixed way; the reader computes that layout from the first member (a list of names,
sizes and digests) and refuses a file that differs from it in a single byte. So no zip trick is left to find: no second
directory, no name twice, no compression, no overlap, no prefix, no comment, no link, no path that escapes.
Source: PKWARE APPNOTE 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16.
"""

from __future__ import annotations

import hashlib
import re
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sevenfold.core.errors import BundleError
from sevenfold.deployment.documents import DocumentError, canonical, parse

MANIFEST = "manifest.json"
MANIFEST_LIMIT_BYTES = 16 * 2**20
MEMBERS_LIMIT = 60_000
FILE_LIMIT_BYTES = 2**32 - 2**20  # above that the format would need zip64

_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END = struct.Struct("<4sHHHHIIH")
_VERSION, _UTF8, _STORED, _TIME, _DATE = 20, 0x800, 0, 0, 0x21  # the date is 1 January 1980, the format's zero
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,80}(/[A-Za-z0-9_-][A-Za-z0-9._-]{0,80}){0,7}")


def write_archive(
    manifest: Mapping[str, Any],
    members: Mapping[str, bytes],
    sign: Callable[[Mapping[str, Any]], Any] | None = None,
) -> bytes:
    """The whole file: `manifest` with a list of the members added, then the members in order of name.

    Equal arguments give equal bytes. `sign` makes the manifest's entry "signature" from the rest of it.
    """
    for name in members:
        if not _NAME.fullmatch(name) or name == MANIFEST:
            raise BundleError("A member's name is not allowed in a bundle.", "letters, digits, . _ - and /", repr(name))
    size = sum(len(content) + 512 for content in members.values())  # 512: more than a member's two headers
    if size > FILE_LIMIT_BYTES - MANIFEST_LIMIT_BYTES or len(members) > MEMBERS_LIMIT:
        raise BundleError(
            "The model is too large for one bundle.",
            f"at most {FILE_LIMIT_BYTES} bytes in {MEMBERS_LIMIT} members",
            f"{size} bytes in {len(members)} members",
            "Train with --max-size.",
        )
    names = sorted(members)
    listed = [
        {"name": name, "bytes": len(members[name]), "sha256": hashlib.sha256(members[name]).hexdigest()}
        for name in names
    ]
    described = {**manifest, "members": listed}
    if sign is not None:
        described["signature"] = sign(described)
    head = canonical(described)
    return b"".join(_layout({MANIFEST: head, **{name: members[name] for name in names}}))


def read_archive(path: Path) -> tuple[dict[str, Any], dict[str, bytes], str]:
    """The manifest, the members by name, and the SHA-256 of the manifest, which identifies the whole.

    Raises:
        BundleError: the file is not byte for byte what `write_archive` writes for those members.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            if size > FILE_LIMIT_BYTES:
                raise _damaged("the file is too large")
            content = file.read(size)
    except OSError as error:
        raise BundleError(
            "The model file cannot be read.", "a file that exists and may be read", f"{path}: {error.strerror}"
        ) from error
    head = _manifest_bytes(content)
    manifest = _manifest(head)
    members = _members(content, manifest, len(head))
    position = 0
    for part in _layout({MANIFEST: head, **members}):
        if content[position : position + len(part)] != part:
            raise _damaged("its structure is not that of a bundle")
        position += len(part)
    if position != len(content):
        raise _damaged("there is something after its end")
    return manifest, members, hashlib.sha256(head).hexdigest()


def _manifest_bytes(content: bytes) -> bytes:
    start = _LOCAL.size + len(MANIFEST)
    if len(content) < start or content[:4] != b"PK\x03\x04":
        raise BundleError("This is not a model file.", "a bundle written by Sevenfold", f"{len(content)} bytes")
    size = _LOCAL.unpack_from(content)[7]
    if content[_LOCAL.size : start] != MANIFEST.encode() or size > MANIFEST_LIMIT_BYTES:
        raise BundleError("This is not a model file.", "a bundle, its manifest first", "another kind of zip")
    return content[start : start + size]


def _manifest(head: bytes) -> dict[str, Any]:
    try:
        manifest = parse(head, limit_bytes=MANIFEST_LIMIT_BYTES, limit_depth=32)
        one_form = canonical(manifest) == head
    except (DocumentError, ValueError):
        raise _damaged("the manifest is not JSON") from None
    if not isinstance(manifest, dict) or not one_form:
        raise _damaged("the manifest is not in its one form")
    return manifest


def _members(content: bytes, manifest: Mapping[str, Any], head_bytes: int) -> dict[str, bytes]:
    listed = manifest.get("members")
    if not isinstance(listed, list) or len(listed) > MEMBERS_LIMIT:
        raise _damaged("the manifest lists no members")
    members: dict[str, bytes] = {}
    position = _LOCAL.size + len(MANIFEST) + head_bytes
    previous = ""
    for entry in listed:
        name, size, digest = _entry(entry)
        if name <= previous:
            raise _damaged("names are repeated or out of order")
        previous = name
        position += _LOCAL.size + len(name)
        if position + size > len(content):
            raise _damaged("it is cut short")
        members[name] = content[position : position + size]
        if hashlib.sha256(members[name]).hexdigest() != digest:
            raise _damaged(f"the content of {name} is not what the manifest promises")
        position += size
    return members


def _entry(entry: Any) -> tuple[str, int, str]:
    if not isinstance(entry, dict) or set(entry) != {"name", "bytes", "sha256"}:
        raise _damaged("the manifest lists something else than members")
    name, size, digest = entry["name"], entry["bytes"], entry["sha256"]
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name == MANIFEST:
        raise _damaged("a member has a forbidden name")
    if type(size) is not int or not 0 <= size <= FILE_LIMIT_BYTES or not isinstance(digest, str):
        raise _damaged("a member has an impossible size")
    return name, size, digest


def _layout(members: Mapping[str, bytes]) -> Iterator[bytes]:
    """The file in parts: a header and the content of each member, the directory, the end."""
    offset = 0
    directory: list[bytes] = []
    for name, content in members.items():
        raw = name.encode()
        checksum, size = zlib.crc32(content), len(content)
        yield (
            _LOCAL.pack(b"PK\x03\x04", _VERSION, _UTF8, _STORED, _TIME, _DATE, checksum, size, size, len(raw), 0) + raw
        )
        yield content
        central = _CENTRAL.pack(
            b"PK\x01\x02", _VERSION | 3 << 8, _VERSION, _UTF8, _STORED, _TIME, _DATE, checksum, size, size, len(raw),
            0, 0, 0, 0, 0o100644 << 16, offset,
        )  # fmt: skip
        directory.append(central + raw)
        offset += _LOCAL.size + len(raw) + size
    joined = b"".join(directory)
    yield joined
    yield _END.pack(b"PK\x05\x06", 0, 0, len(directory), len(directory), len(joined), offset, 0)


def _damaged(why: str) -> BundleError:
    return BundleError(
        "The model file is damaged.", "a file as Sevenfold wrote it", why, "Fetch it again or train again."
    )
