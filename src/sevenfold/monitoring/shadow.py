"""Keeps what a shadow has answered beside what the client was told, and which version each was.

STORE/shadow/YYYY-MM-DD/START.jsonl   one line a row
STORE/versions.jsonl                  one line each time a version begins to answer
"""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import IO, Any, final

from sevenfold.core.errors import RequestError
from sevenfold.deployment.files import append_lines
from sevenfold.deployment.hosting import Hosted
from sevenfold.deployment.model import LoadedModel
from sevenfold.deployment.people import to_plain
from sevenfold.deployment.runtime import Answer
from sevenfold.deployment.traffic.shadow import Pair
from sevenfold.monitoring.log import Clock, LogSettings, utc_now
from sevenfold.monitoring.segments import forget
from sevenfold.monitoring.store import DIGITS

FOLDER = "shadow"


@final
class ShadowLog:
    """A sink of pairs. Used from one thread; what it raises is counted as a failure of the shadow.

    Of the settings it keeps `redact`, here of the id column, and `keep_days`; a sample would leave too few pairs.

    A line is: `id` (of the request), `row`, `time`, `key` (the id column's value, or null), and of both `served` and
    `shadow` their `version`, `model` (digest), `prediction` and, where there are classes, `probabilities`.
    """

    def __init__(self, store: Path, settings: LogSettings | None = None, clock: Clock = utc_now) -> None:
        self._folder = store / FOLDER
        self._settings = settings or LogSettings()
        self._clock = clock
        self._start = f"{int(clock().timestamp() * 1000):013d}-{os.getpid()}-{os.urandom(4).hex()}"
        self._day = ""
        self._file: IO[bytes] | None = None
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RequestError(
                f"The store {store} cannot be made.", "a folder that can be written to", str(error), "Check it."
            ) from error

    def __call__(self, pair: Pair) -> None:
        """Take down one request."""
        time = self._clock().isoformat()
        lines = b"".join(_lines(pair, time, self._settings.redact))
        file = self._current(time[:10])
        file.write(lines)
        file.flush()

    def close(self) -> None:
        """Make sure that what was written outlives a failure of the machine."""
        if self._file is not None:
            os.fsync(self._file.fileno())
            self._file.close()
            self._file = None

    def _current(self, day: str) -> IO[bytes]:
        if self._file is not None and day != self._day:
            self.close()
        if self._file is None:
            if day != self._day and self._settings.keep_days is not None:
                first = datetime.date.fromisoformat(day) - datetime.timedelta(days=self._settings.keep_days - 1)
                forget(self._folder, first)
            self._day = day
            (self._folder / day).mkdir(exist_ok=True)
            self._file = (self._folder / day / f"{self._start}.jsonl").open("ab")
        return self._file


def _lines(pair: Pair, time: str, redact: Collection[str] = ()) -> Iterator[bytes]:
    key = None if pair.served.model.task.id in redact else pair.served.model.task.id
    table = pair.answer.reading.table
    keys = table[key].to_list() if key is not None and key in table.columns else [None] * len(pair.answer.labels)
    served, shadow = _side(pair.served, pair.answer), _side(pair.shadow, pair.other)
    for row, (value, one, other) in enumerate(zip(keys, served, shadow, strict=True)):
        line = {"id": pair.request, "row": row, "time": time, "key": value, "served": one, "shadow": other}
        yield json.dumps(line, ensure_ascii=False, separators=(",", ":"), default=str).encode() + b"\n"


def _side(hosted: Hosted, answer: Answer) -> list[dict[str, Any]]:
    said = {"version": hosted.version, "model": hosted.model.digest[:DIGITS]}
    sides = [{**said, "prediction": prediction} for prediction in to_plain(answer)]
    if answer.probabilities is not None:
        for side, chances in zip(sides, answer.probabilities.tolist(), strict=True):
            side["probabilities"] = chances
    return sides


def read_pairs(store: Path) -> Iterator[dict[str, Any]]:
    """Every whole line, oldest file first; a torn one, as a crash leaves it, is passed over."""
    for segment in sorted((store / FOLDER).glob("*/*.jsonl")):
        with segment.open("rb") as file:
            for line in file:
                try:
                    pair = json.loads(line) if line.endswith(b"\n") else None
                except ValueError:
                    continue
                if isinstance(pair, dict) and {"id", "row", "served", "shadow"} <= set(pair):
                    yield pair


def noting_versions(store: Path, clock: Clock = utc_now) -> Callable[[LoadedModel, str, str, str], None]:
    """What writes down which digest is which version, so that rows can be told apart by version."""

    def note(model: LoadedModel, name: str, version: str, role: str) -> None:
        line = {"time": clock().isoformat(), "role": role, "name": name, "version": version}
        store.mkdir(parents=True, exist_ok=True)
        append_lines(store / "versions.jsonl", json.dumps({**line, "model": model.digest[:DIGITS]}).encode() + b"\n")

    return note
