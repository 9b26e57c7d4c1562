"""Seeded mutants of bundles, and processes that try forged ones as `isolation.canary` does, only quicker."""

from __future__ import annotations

import copy
import io
import json
import os
import re
import struct
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from sevenfold.deployment.archive import MANIFEST, read_archive, write_archive
from sevenfold.deployment.isolation import request_of
from sevenfold.deployment.squeeze import SUFFIX, expand, squeeze

SECONDS = 20
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
_STRANGE = [b"-1", b"0", b"99999999999", b"nan", b"inf", b"1e308", b"", b"x", b"-2147483648", b"4294967296"]


def mutant(content: bytes, stream: np.random.Generator) -> bytes:
    """Other bytes: flipped, cut, moved, filled, repeated, or with another number in a text."""
    while True:
        changed = _MUTATIONS[stream.integers(len(_MUTATIONS))](content, stream)
        if changed != content:
            return changed


def flip(content: bytes, stream: np.random.Generator) -> bytes:
    """One to eight bits flipped."""
    changed = bytearray(content)
    for _ in range(int(stream.integers(1, 9))):
        changed[stream.integers(len(changed))] ^= 1 << int(stream.integers(8))
    return bytes(changed)


def cut(content: bytes, stream: np.random.Generator) -> bytes:
    """Only its beginning."""
    return content[: int(stream.integers(len(content)))]


def insert(content: bytes, stream: np.random.Generator) -> bytes:
    """Random bytes within it."""
    at = int(stream.integers(len(content)))
    return content[:at] + stream.bytes(int(stream.integers(1, 64))) + content[at:]


def _remove(content: bytes, stream: np.random.Generator) -> bytes:
    at = int(stream.integers(len(content)))
    return content[:at] + content[at + int(stream.integers(1, 64)) :]


def swap(content: bytes, stream: np.random.Generator) -> bytes:
    """Two blocks exchanged."""
    size = int(stream.integers(1, max(2, min(200, len(content) // 3))))
    a, b = (int(v) for v in stream.integers(0, len(content) - size, 2))
    changed = bytearray(content)
    changed[a : a + size], changed[b : b + size] = content[b : b + size], content[a : a + size]
    return bytes(changed)


def _fill(content: bytes, stream: np.random.Generator) -> bytes:
    size = int(stream.integers(1, min(64, len(content))))
    at = int(stream.integers(len(content) - size + 1))
    return content[:at] + bytes([int(stream.choice([0, 127, 255]))]) * size + content[at + size :]


def _giant(content: bytes, stream: np.random.Generator) -> bytes:
    value = struct.pack("<Q", int(stream.choice([2**31 - 1, 2**32 - 1, 2**40, 2**63 - 1])))
    size = int(stream.choice([4, 8]))
    at = int(stream.integers(max(1, len(content) - size)))
    return content[:at] + value[:size] + content[at + size :]


def _repeat(content: bytes, stream: np.random.Generator) -> bytes:
    a, b = sorted(int(v) for v in stream.integers(0, len(content), 2))
    return content[:b] + content[a:b] + content[b:]


def _number(content: bytes, stream: np.random.Generator) -> bytes:
    found = list(_NUMBER.finditer(content))
    if not found:
        return flip(content, stream)
    match = found[stream.integers(len(found))]
    return content[: match.start()] + _STRANGE[stream.integers(len(_STRANGE))] + content[match.end() :]


_MUTATIONS = [flip, flip, cut, insert, _remove, swap, _fill, _giant, _repeat, _number]


def zip_mutant(whole: bytes, stream: np.random.Generator) -> bytes:
    """A file of the same or like members that plays a trick with the zip format."""
    trick = _TRICKS[stream.integers(len(_TRICKS))]
    return trick(whole, stream)


def _members(whole: bytes) -> list[tuple[zipfile.ZipInfo, bytes]]:
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        return [(info, archive.read(info)) for info in archive.infolist()]


def rezipped(members: list[tuple[Any, bytes]], compression: int = zipfile.ZIP_STORED, comment: bytes = b"") -> bytes:
    """Members, each a name or what another zip says of it and its content, as any zip program writes them."""
    import warnings

    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a name that is there twice
        with zipfile.ZipFile(buffer, "w", compression) as archive:
            archive.comment = comment
            for info, content in members:
                name = info.filename if isinstance(info, zipfile.ZipInfo) else info
                archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, compression)
    return buffer.getvalue()


def _duplicate(whole: bytes, stream: np.random.Generator) -> bytes:
    members = _members(whole)
    return rezipped([*members, members[stream.integers(len(members))]])


def _escape(whole: bytes, stream: np.random.Generator) -> bytes:
    names = [
        "../../x",
        "/etc/x",
        "..\\..\\x",
        "C:\\x",
        "a/../../x",
        "state/../../x",
        "./manifest.json",
        "~/x",
        "x\x00y",
    ]
    members: list[tuple[Any, bytes]] = list(_members(whole))
    if stream.random() < 0.5:
        return rezipped([*members, (names[stream.integers(len(names))], b"x")])
    at = int(stream.integers(len(members)))
    return rezipped([*members[:at], (names[stream.integers(len(names))], members[at][1]), *members[at + 1 :]])


def _renamed_in_place(whole: bytes, stream: np.random.Generator) -> bytes:
    """A name of the same length in every place: offsets stay right."""
    name = _members(whole)[1 + int(stream.integers(3))][0].filename
    other = ("../" + "x" * len(name))[: len(name)] if stream.random() < 0.5 else ("/" + name)[: len(name)]
    return whole.replace(name.encode(), other.encode())


def _symlink(whole: bytes, stream: np.random.Generator) -> bytes:
    """The mode of one member says that it is a link (or a device, or may be executed)."""
    changed = bytearray(whole)
    places = [m.start() for m in re.finditer(b"PK\x01\x02", whole)]
    mode = int(stream.choice([0o120777, 0o100755, 0o020666, 0o040755]))
    struct.pack_into("<I", changed, places[stream.integers(len(places))] + 38, mode << 16)
    return bytes(changed)


def _header_lie(whole: bytes, stream: np.random.Generator) -> bytes:
    """A field of a local header, of the directory or of the end says something else, often something giant."""
    changed = bytearray(whole)
    mark, fields = [
        (b"PK\x03\x04", "4H 6H 8H 10H 14I 18I 22I 26H 28H"),
        (b"PK\x01\x02", "8H 10H 16I 20I 24I 28H 30H 32H 42I"),
        (b"PK\x05\x06", "4H 8H 10H 12I 16I 20H"),
    ][stream.integers(3)]
    places = [m.start() for m in re.finditer(re.escape(mark), whole)]
    field = str(stream.choice(fields.split()))
    place, form = places[stream.integers(len(places))] + int(field[:-1]), field[-1]
    top = 2 ** (16 if form == "H" else 32) - 1
    (old,) = struct.unpack_from("<" + form, whole, place)
    value = int(stream.choice([v for v in (0, 1, 8, top, top // 2, (old + 1) % top) if v != old]))
    struct.pack_into("<" + form, changed, place, value)
    return bytes(changed)


def _recompress(whole: bytes, stream: np.random.Generator) -> bytes:
    kinds = [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
    return rezipped(_members(whole), kinds[stream.integers(3)])


def _bomb(whole: bytes, stream: np.random.Generator) -> bytes:
    return rezipped([*_members(whole), ("state/bomb.bin", bytes(3_000_000))], zipfile.ZIP_DEFLATED)


def _framed(whole: bytes, stream: np.random.Generator) -> bytes:
    extra = stream.bytes(int(stream.integers(1, 40)))
    return [extra + whole, whole + extra, whole + whole, rezipped(_members(whole), comment=extra)][stream.integers(4)]


def _reordered(whole: bytes, stream: np.random.Generator) -> bytes:
    members = _members(whole)
    return rezipped([members[i] for i in stream.permutation(len(members))] or members, zipfile.ZIP_STORED)


def _overlap(whole: bytes, stream: np.random.Generator) -> bytes:
    """Two entries of the directory point at one local header."""
    changed = bytearray(whole)
    places = [m.start() for m in re.finditer(b"PK\x01\x02", whole)]
    a, b = stream.choice(places, 2, replace=False)
    changed[a + 42 : a + 46] = whole[b + 42 : b + 46]
    return bytes(changed)


def _swapped_members(whole: bytes, stream: np.random.Generator) -> bytes:
    """Each of two members holds what the other should, with right checksums, under the old manifest."""
    members = _members(whole)
    a, b = 1 + stream.choice(len(members) - 1, 2, replace=False)
    contents = [content for _, content in members]
    contents[a], contents[b] = contents[b], contents[a]
    return rezipped([(info, content) for (info, _), content in zip(members, contents, strict=True)])


_TRICKS = [
    _duplicate, _escape, _renamed_in_place, _symlink, _header_lie, _header_lie, _header_lie, _recompress, _bomb,
    _framed, _reordered, _overlap, _swapped_members,
]  # fmt: skip


def forged(whole: Path, member: str, stream: np.random.Generator) -> bytes:
    """The bundle with one member changed and every digest right again: what an attacker would make."""
    return Forger(whole).forge(member, stream)


class Forger:
    """Makes bundles with one part changed and every digest right again.

    Args:
        whole: the bundle to change.
    """

    def __init__(self, whole: Path) -> None:
        manifest, self.stored, _ = read_archive(whole)
        self.manifest = {name: value for name, value in manifest.items() if name != "members"}
        self.plain = expand(self.stored)

    def forge(self, member: str, stream: np.random.Generator) -> bytes:
        """The bundle with one thing changed.

        Args:
            member: by its name before it was compressed; with `.z` its compressed stream; with an asterisk at its end
                any of the members that begin so; `manifest.json` for what stands there beside the digests, or with
                `#key` for what is under that key of it.
            stream: chooses.
        """
        if member == MANIFEST:
            return write_archive(strange(self.manifest, stream), self.stored)
        if member.startswith(MANIFEST):
            key = member.partition("#")[2]
            return write_archive({**self.manifest, key: strange(self.manifest[key], stream)}, self.stored)
        if member.endswith("*"):
            names = sorted(name for name in self.plain if name.startswith(member[:-1]))
            member = names[stream.integers(len(names))]
        if member.endswith(SUFFIX):
            return write_archive(self.manifest, {**self.stored, member: mutant(self.stored[member], stream)})
        before = self.plain[member]
        if member.endswith(".json") and stream.random() < 0.5:
            changed = json.dumps(strange(json.loads(before), stream)).encode()
        else:
            changed = mutant(before, stream)
        stored = {name: content for name, content in self.stored.items() if name not in (member, member + SUFFIX)}
        return write_archive(self.manifest, {**stored, **_as_stored(member, changed)})


def _as_stored(member: str, content: bytes) -> dict[str, bytes]:
    return squeeze({member: content}) if member.startswith("state/") else {member: content}


_VALUES = [
    *(None, True, False, -1, 0, 1, 2**31, 2**53, 2**70, -0.5, 1e308, "", "\x00", "x" * 1000, "../x", [], {}, [[]]),
    *({"$array": "a0"}, {"$array": "a1"}, {"$bytes": "blob-0.bin"}, {"$float": "nan"}, {"$float": "x"}),
]


def strange(document: Any, stream: np.random.Generator) -> Any:
    """The document with something else in one place: another value, a key gone or new, parts exchanged."""
    while True:
        changed = copy.deepcopy(document)
        _estrange(changed, stream)
        if changed != document:
            return changed


def _estrange(value: Any, stream: np.random.Generator) -> None:
    while True:
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        if not keys:
            return
        key = keys[stream.integers(len(keys))]
        inner = value[key]
        if isinstance(inner, dict | list) and inner and stream.random() < 0.85:
            value = inner
            continue
        how = stream.integers(5)
        if how == 0:
            del value[key]
        elif how == 1:
            other = keys[stream.integers(len(keys))]
            value[key], value[other] = value[other], inner
        elif how == 2 and isinstance(value, dict):
            value["surprise"] = inner
        elif how == 2:
            value.append(inner)
        else:
            value[key] = copy.deepcopy(_VALUES[stream.integers(len(_VALUES))])
        return


class Tryer:
    """Tries bundles in children that have imported everything, many in one until one of them ends it.

    The limits, the load and the verdict are those of `isolation.canary`. A bundle that ends a child which has tried
    others before is tried again as the first of a new one.
    """

    def __init__(self) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p), "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("hostile_child.py"))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment,
        )  # fmt: skip

    def try_all(self, whole: Path, paths: list[Path]) -> list[dict[str, Any]]:
        """What came of each bundle: `refused` with the four parts of the error, `ended` with a child's exit code or
        "time", or `alike`: whether it predicts the golden rows of the bundle it was made from as that one does.
        """
        assert self.process.stdin is not None and self.process.stdout is not None
        request = {**request_of(whole, None, SECONDS), "paths": [str(path) for path in paths]}
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()
        found: list[dict[str, Any]] = json.loads(self.process.stdout.readline())
        return found

    def close(self) -> None:
        """End the children's parent."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()
