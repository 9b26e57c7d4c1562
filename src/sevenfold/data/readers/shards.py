"""Many files as one table: a folder or a glob of shards."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from sevenfold.core.errors import DataError, RequestError
from sevenfold.data.readers.base import Raw, Reader, Request, one_of_path
from sevenfold.data.readers.blob import Blob, ending_of
from sevenfold.data.readers.catalogue import FORMATS
from sevenfold.data.readers.content import parse
from sevenfold.data.readers.paths import existing, is_folder
from sevenfold.data.readers.reconcile import stacked

if TYPE_CHECKING:
    import polars as pl

_SPLITS = {"train", "training", "test", "testing", "valid", "validation", "val", "dev", "holdout"}
_HIVE_NULL = "__HIVE_DEFAULT_PARTITION__"


class Shards(Reader):
    """A folder of files of one format, or a glob such as part-*.parquet, in the order of their names.

    Folders named NAME=VALUE, as Hive and Spark write them, become columns.
    """

    name = "shards"

    def accepts(self, source: object) -> bool:
        """Whether it is a folder, or a pattern that is no path by itself."""
        path = one_of_path(source)
        if path is None or is_folder(Path(path)):
            return path is not None
        try:
            return glob.has_magic(path) and not Path(path).expanduser().exists()
        except (OSError, ValueError, RuntimeError):
            return False

    def read(self, source: Any, request: Request) -> Raw:
        """Read each file like the first, and stack them by column name."""
        text = one_of_path(source) or ""
        folder = Path(text).expanduser()
        if folder.is_dir():
            files, ignored = _in_folder(existing(folder))
        else:
            files, ignored = _matching(text), []
        _refuse_splits(files, text)
        frames: list[pl.DataFrame] = []
        sources: list[dict[str, Any]] = []
        limit = request.options.most_bytes
        for path in files:
            raw = parse(Blob.of_file(path, limit), request.after(sources[0]) if sources else request)
            frames.append(_with_partitions(raw.frame, path, folder))
            sources.append(raw.source)
            limit -= int(raw.frame.estimated_size())
            if limit <= 0:
                raise DataError(
                    f"{text} is too large for the memory of this machine.",
                    f"at most {request.options.most_bytes:,} bytes (half of the memory; option limit_bytes)",
                    f"more in {len(frames)} of {len(files)} files", "Give more memory or a part of the files.",
                )  # fmt: skip
        frame, differing, notes = stacked(frames, [path.name for path in files])
        if ignored:
            notes.append(f"{len(ignored)} other files not read ({', '.join(ignored[:5])})")
        told = [f"{path.name}: {note}" for path, each in zip(files, sources, strict=True) for note in each["notes"]]
        first = {**sources[0], "path": text, "columns": frame.columns, "rows": frame.height}
        first["files"] = [str(path) for path in files]
        first["rows_of_files"] = [part.height for part in frames]
        first["differing"] = differing
        first["notes"] = [*notes, *told[:20], *([f"and {len(told) - 20} more notes"] if len(told) > 20 else [])]
        bad = {path.name: each["bad_rows"] for path, each in zip(files, sources, strict=True) if "bad_rows" in each}
        if bad:
            first["bad_rows"] = bad
        return Raw(frame, first)


def _in_folder(folder: Path) -> tuple[list[Path], list[str]]:
    """The files of the commonest known format, and the names of the rest."""
    found = sorted(path for path in folder.rglob("*") if path.is_file() and not _is_hidden(path, folder))
    known: dict[str, list[Path]] = {}
    for path in found:
        for name in FORMATS.names():
            if ending_of(path.name) in FORMATS.get(name).endings:
                known.setdefault(name, []).append(path)
    if not known:
        raise DataError(
            f"{folder} holds no data.",
            "files of CSV, JSON lines, Parquet, Arrow or Excel, or a folder of pictures for each class",
            f"{len(found)} files: {', '.join(p.name for p in found[:8])}" if found else "an empty folder",
            "Check the path.",
        )
    main = max(known, key=lambda name: len(known[name]))
    return known[main], [path.name for path in found if path not in set(known[main])]


def _is_hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.relative_to(folder).parts)


def _matching(pattern: str) -> list[Path]:
    names = glob.glob(str(Path(pattern).expanduser()), recursive=True)  # noqa: PTH207 (Path.glob takes no absolute one)
    found = sorted(Path(name) for name in names)
    files = [path for path in found if path.is_file()]
    if not files:
        raise RequestError(
            f"No file matches {pattern}.", "at least one file", "none", f"Check the pattern (you are in {Path.cwd()})."
        )
    return files


def _refuse_splits(files: Sequence[Path], text: str) -> None:
    """Files named train and test are two halves of an experiment: together they would leak."""
    stems = {path.name.partition(".")[0].lower(): path for path in files}
    splits = sorted(_SPLITS & set(stems))
    if len(splits) > 1:
        train, test = (stems.get(name, stems[splits[0]]) for name in ("train", "test"))
        raise RequestError(
            f"{text} holds files for different purposes.",
            "shards of one table",
            ", ".join(stems[name].name for name in splits),
            f"Give them one by one: {train} --test {test}",
        )


def _with_partitions(frame: pl.DataFrame, path: Path, folder: Path) -> pl.DataFrame:
    import polars as pl

    for part in path.parent.parts[len(folder.parts) if path.is_relative_to(folder) else 0 :]:
        name, equals, value = part.partition("=")
        if equals and name and name not in frame.columns:
            decoded = None if value == _HIVE_NULL else unquote(value)
            frame = frame.with_columns(pl.lit(decoded, dtype=pl.String).alias(name))
    return frame
