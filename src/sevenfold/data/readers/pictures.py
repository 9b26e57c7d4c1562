"""A folder of pictures with a folder for each class."""

from __future__ import annotations

import os
import struct
from collections import Counter
from pathlib import Path
from typing import Any

from sevenfold.core.errors import DataError, RequestError
from sevenfold.data.readers.base import Raw, Reader, Request, one_of_path
from sevenfold.data.readers.paths import existing, is_folder

_ENDINGS = frozenset({".jpg", ".jpeg", ".jpe", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff"})
_SPLITS = frozenset({"train", "training", "test", "testing", "valid", "validation", "val", "dev"})


class Pictures(Reader):
    """Columns `image` (the encoded picture) and `label` (the folder's name); without folders `image` alone."""

    name = "pictures"

    def accepts(self, source: object) -> bool:
        """Whether it is a folder with pictures in it, or in its folders."""
        text = one_of_path(source)
        if text is None or not is_folder(Path(text)):
            return False
        try:
            return _holds_pictures(Path(text).expanduser(), depth=2)
        except OSError:
            return False

    def read(self, source: Any, request: Request) -> Raw:
        """Read the pictures in the order of their paths; broken ones are left out and reported."""
        import polars as pl

        root = existing(Path(one_of_path(source) or ""))
        paths = sorted(_pictures(root), key=lambda path: path.relative_to(root).as_posix())
        classes = {path.relative_to(root).parts[0] for path in paths if path.parent != root}
        if len(classes) > 1 and {name.lower() for name in classes} <= _SPLITS:
            raise _of_splits(root, sorted(classes))
        flat = not classes
        if not flat:
            paths = [path for path in paths if path.parent != root]
        images, kept, broken = _loaded(paths, root, request.options.most_bytes)
        if not images:
            raise DataError(
                f"{root} holds no whole picture.",
                "pictures (JPEG, PNG, ...)",
                f"{len(broken)} broken ones",
                "Check them.",
            )
        labels = [Path(path).parts[0] for path in kept]
        columns: dict[str, Any] = {"image": pl.Series("image", images, dtype=pl.Binary)}
        if not flat:
            columns["label"] = pl.Series("label", labels, dtype=pl.String)
        notes = [f"{len(broken)} broken pictures left out ({', '.join(list(broken)[:5])})"] if broken else []
        source_facts = {
            "format": "pictures",
            "path": str(root),
            "name": root.name,
            "columns": list(columns),
            "rows": len(images),
            "classes": {} if flat else dict(sorted(Counter(labels).items())),
            "paths": kept,
            "broken": broken,
            "notes": notes,
        }
        return Raw(pl.DataFrame(columns), source_facts)


def why_broken(content: bytes) -> str | None:
    """What shows that a picture is empty, no picture, or cut off; None for one that looks whole.

    Only the outer form is looked at, which is quick and needs no package; decoding happens later.
    """
    end = content[-64:]
    if not content:
        return "is empty"
    if content.startswith(b"\xff\xd8\xff"):
        return None if b"\xff\xd9" in content[-4096:] else "is cut off (JPEG without its end)"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return None if b"IEND" in end else "is cut off (PNG without its end)"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return None if b";" in end else "is cut off (GIF without its end)"
    if content.startswith(b"BM") and len(content) >= 26:
        return None if len(content) >= struct.unpack_from("<I", content, 2)[0] else "is cut off (BMP)"
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return None if len(content) >= struct.unpack_from("<I", content, 4)[0] else "is cut off (WebP)"
    if content.startswith((b"II*\0", b"MM\0*")):
        return None
    return "is no picture"


def _holds_pictures(folder: Path, depth: int) -> bool:
    folders: list[Path] = []
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda e: e.name):
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                folders.append(Path(entry.path))
            elif Path(entry.name).suffix.lower() in _ENDINGS:
                return True
    return depth > 0 and any(_holds_pictures(inner, depth - 1) for inner in folders)


def _pictures(root: Path) -> list[Path]:
    return [
        path
        for path in root.rglob("*")
        if path.suffix.lower() in _ENDINGS
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(root).parts)
    ]


def _loaded(paths: list[Path], root: Path, limit: int) -> tuple[list[bytes], list[str], dict[str, str]]:
    images: list[bytes] = []
    kept: list[str] = []
    broken: dict[str, str] = {}
    total = 0
    for path in paths:
        name = path.relative_to(root).as_posix()
        try:
            content = path.read_bytes()
        except OSError as error:
            broken[name] = f"cannot be read: {error.strerror}"
            continue
        reason = why_broken(content)
        if reason is not None:
            broken[name] = reason
            continue
        total += len(content)
        if total > limit:
            raise DataError(
                f"{root} is too large for the memory of this machine.",
                f"at most {limit:,} bytes (half of the memory; option limit_bytes)",
                f"more in {len(images):,} of {len(paths):,} pictures",
                "Give more memory or smaller pictures.",
            )
        images.append(content)
        kept.append(name)
    return images, kept, broken


def _of_splits(root: Path, names: list[str]) -> RequestError:
    lower = {name.lower(): name for name in names}
    train = lower.get("train") or lower.get("training") or names[-1]
    test = lower.get("test") or lower.get("testing") or names[0]
    return RequestError(
        f"{root} holds folders for different purposes.",
        "a folder for each class",
        ", ".join(names),
        f"Give them one by one: {root / train} --test {root / test}",
    )
