"""The run folder and its journal: the one truth of a training."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sevenfold.core.errors import RequestError


@dataclass(frozen=True)
class Event:
    """One line of the journal: what happened, when, with what figures.

    Args:
        kind: "run.started", "step.started", "trial.finished", ...: see `core.events`.
        seconds: since the run began; "at" in the file.
        data: plain data.
    """

    kind: str
    seconds: float
    data: Mapping[str, Any]


class Journal:
    """Append-only lines of JSON; a line counts once it is flushed to the disk.

    A torn last line, left by a crash, is passed over when reading and cut off before the next append.
    """

    def __init__(self, path: Path, started: float | None = None) -> None:
        """Open or begin the journal at `path`; `started` is the monotonic time that counts as second 0."""
        self.path = path
        self._started = time.monotonic() if started is None else started
        self._file = None if not path.exists() else self._reopen()

    def _reopen(self) -> Any:
        content = self.path.read_bytes()
        whole = content.rfind(b"\n") + 1
        file = self.path.open("r+b")
        file.truncate(whole)
        file.seek(0, os.SEEK_END)
        events = list(self.events())
        if events:
            self._started = time.monotonic() - events[-1].seconds
        return file

    def append(self, kind: str, data: Mapping[str, Any] | None = None, *, synced: bool = True) -> Event:
        """Write one event, flushed before this returns, and synced to the disk unless told otherwise: what only
        explains may wait for the next line that is."""
        if self._file is None:
            self._file = self.path.open("ab")
        event = Event(kind, round(time.monotonic() - self._started, 4), dict(data or {}))
        line = json.dumps({"kind": kind, "at": event.seconds, **event.data}, ensure_ascii=False, default=_plain)
        self._file.write(line.encode() + b"\n")
        self._file.flush()
        if synced:
            os.fsync(self._file.fileno())
        return event

    def events(self) -> Iterator[Event]:
        """Every whole line so far, oldest first."""
        if not self.path.exists():
            return
        for line in self.path.read_bytes().split(b"\n")[:-1]:
            try:
                data = json.loads(line)
            except ValueError:
                continue
            yield Event(data.pop("kind", ""), data.pop("at", 0.0), data)


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):  # arrays and their scalars
        return value.tolist()
    return str(value)


@dataclass(frozen=True)
class RunFolder:
    """Where things lie in a run."""

    path: Path

    @classmethod
    def create(cls, path: Path) -> RunFolder:
        """A new run folder; one that holds a run already is refused."""
        if (path / "journal.jsonl").exists():
            raise RequestError(
                f"{path} holds a run already.",
                "a new folder",
                str(path),
                f"Choose another --out, or continue that run with: sevenfold resume {path}",
            )
        folder = cls(path)
        try:
            for part in (path, folder.folds, folder.trials, folder.sealed):
                part.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RequestError(
                f"The run folder {path} cannot be made.",
                "a folder that can be written",
                str(error),
                "Choose another --out.",
            ) from error
        return folder

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """An existing run folder."""
        if not (path / "journal.jsonl").exists():
            raise RequestError(
                f"{path} is not a run folder.", "a folder with a journal.jsonl", str(path), "Check the path."
            )
        return cls(path)

    @property
    def journal(self) -> Path:
        """Every decision and result, a line each."""
        return self.path / "journal.jsonl"

    @property
    def plan(self) -> Path:
        """The resolved configuration."""
        return self.path / "plan.toml"

    @property
    def profile(self) -> Path:
        """Profile of each training column."""
        return self.path / "profile.json"

    @property
    def schema(self) -> Path:
        """The schema, which a person may edit and pass to another run."""
        return self.path / "schema.json"

    @property
    def findings(self) -> Path:
        """Findings of all checks."""
        return self.path / "findings.json"

    @property
    def leaderboard(self) -> Path:
        """Every trial with its scores, best first."""
        return self.path / "leaderboard.json"

    @property
    def folds(self) -> Path:
        """Typed table, target and fold numbers, shared by all trials."""
        return self.path / "folds"

    @property
    def trials(self) -> Path:
        """A folder for each finished trial."""
        return self.path / "trials"

    @property
    def sealed(self) -> Path:
        """The test rows, opened once."""
        return self.path / "sealed"

    @property
    def report(self) -> Path:
        """The page for people."""
        return self.path / "report.html"

    @property
    def card(self) -> Path:
        """The model card."""
        return self.path / "card.md"

    @property
    def model(self) -> Path:
        """The bundle."""
        return self.path / "model.sevenfold"


def write_json(path: Path, data: Any) -> None:
    """Write plain data, complete or not at all (temporary name, sync, rename)."""
    write_bytes(path, json.dumps(data, ensure_ascii=False, indent=1, default=_plain).encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file, complete or not at all (temporary name, sync, rename)."""
    temporary = path.with_name(path.name + ".tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
