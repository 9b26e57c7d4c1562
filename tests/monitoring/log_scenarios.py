"""Work of monitoring that `kill_steps` breaks off: counts, rows, what was told."""

from __future__ import annotations

import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
from kill_steps import Scenario

from sevenfold.core.dataset import Column, Kind, Schema
from sevenfold.core.report import Finding, Severity
from sevenfold.core.task import Goal, Task
from sevenfold.monitoring import segments
from sevenfold.monitoring.channels import channel_of
from sevenfold.monitoring.notify import Memory, notify
from sevenfold.monitoring.segments import Segment, forget, pack_left_behind
from sevenfold.monitoring.sketches import Sketch, Snapshot
from sevenfold.monitoring.snapshots import Counted, read_counts
from sevenfold.monitoring.store import Store, read_lines

DAY, START = "2025-01-01", "1-2-boot"
LINES = 40


def lines(first: int, count: int = LINES) -> bytes:
    return b"".join(b'{"id":"r%d","row":0,"inputs":{"x":1.5}}\n' % (first + i) for i in range(count))


def ids(rows: Path) -> list[int]:
    """Numbers of the rows in all files, as readers take them."""
    found: list[str] = []
    for path in segments.segments(rows):
        if path.suffix == segments.PACKED:
            found += pl.read_parquet(path)["id"].to_list()
        else:
            found += [row["id"] for row in read_lines(path) if row is not None]
    return [int(name[1:]) for name in found]


class WrittenCounts(Scenario):
    """The counts of a window grow."""

    def write(self, folder: Path, rows: int) -> None:
        sketch = Sketch(rows, {"x": np.arange(50) + rows})
        Counted("m", "b", 0, 3600, "a", "1", Snapshot(rows, sketch)).write(folder)

    def prepare(self, folder: Path) -> None:
        self.write(folder, 3)

    def act(self, folder: Path) -> None:
        self.write(folder, 8)

    def state(self, folder: Path) -> Any:
        found = read_counts(folder, "b")
        assert found.damaged == ()
        return found.windows[0].total().to_json()


class AppendedRows(Scenario):
    """Lines are appended and, once the file is large enough, become Parquet."""

    def prepare(self, folder: Path) -> None:
        pass

    def act(self, folder: Path) -> None:
        segment = Segment(folder, START, 3 * len(lines(0)), None)
        for part in range(6):
            segment.append(DAY, lines(part * LINES))
        segment.close()

    def again(self, folder: Path) -> None:
        """The next start packs what was left; nothing is logged twice."""
        pack_left_behind(folder)

    def state(self, folder: Path) -> Any:
        return ids(folder)


class PackedRows(Scenario):
    """A complete file of lines becomes Parquet."""

    def prepare(self, folder: Path) -> None:
        (folder / DAY).mkdir()
        (folder / DAY / f"{START}-0001.jsonl").write_bytes(lines(0))

    def act(self, folder: Path) -> None:
        assert pack_left_behind(folder) <= 1

    def state(self, folder: Path) -> Any:
        return [ids(folder), len(list(folder.glob(f"*/*{segments.LINES}")))]


class ManyRows(Scenario):
    """Rows of one pause that are so many that they become Parquet at once."""

    def prepare(self, folder: Path) -> None:
        pass

    def act(self, folder: Path) -> None:
        table = pl.DataFrame({"id": [f"r{i}" for i in range(20_000)], "row": 0, "x": np.arange(20_000) * 0.7})
        Segment(folder, START, 10**6, None).write_packed(DAY, table)

    def state(self, folder: Path) -> Any:
        return len(ids(folder))


class ForgottenDays(Scenario):
    """Old days are deleted."""

    def prepare(self, folder: Path) -> None:
        for day in ("2025-01-01", "2025-01-09"):
            (folder / day).mkdir()
            for number in range(3):
                (folder / day / f"{number}.jsonl").write_bytes(lines(10 * number, 2))

    def act(self, folder: Path) -> None:
        forget(folder, datetime.date(2025, 1, 5))
        pack_left_behind(folder)  # clears what an earlier death left

    def state(self, folder: Path) -> Any:
        return len(ids(folder))


class PreparedStore(Scenario):
    """A server of another model opens the store."""

    def prepare(self, folder: Path) -> None:
        Store.prepare(folder, self.model("a" * 64, "old"))  # type: ignore[arg-type]

    def act(self, folder: Path) -> None:
        Store.prepare(folder, self.model("b" * 64, "new"))  # type: ignore[arg-type]

    def model(self, digest: str, name: str) -> SimpleNamespace:
        """As much of a model as a store keeps."""
        task = Task(Goal.BINARY, "y", "log_loss", classes=("no", "yes"))
        kept: dict[str, Any] = {"name": name}
        return SimpleNamespace(
            digest=digest, task=task, schema=Schema((Column("x", Kind.NUMBER),)), profile=kept,
            prediction_profile=kept, source=kept, metadata=kept,
        )  # fmt: skip

    def state(self, folder: Path) -> Any:
        found = Store.open(folder).reference()
        kept = (found.profile, found.prediction_profile, found.source, found.metadata)
        assert all(part == found.profile for part in kept)
        return [found.digest, found.profile["name"]]


class ToldAlerts(Scenario):
    """An alert is told to a file, and remembered."""

    found = Finding("drift", Severity.WARNING, "x differs", columns=("x",))

    def prepare(self, folder: Path) -> None:
        Memory().save(folder)
        (folder / "told.jsonl").write_bytes(b'{"code":"before"}\n')

    def act(self, folder: Path) -> None:
        notify(folder, [self.found], [channel_of(str(folder / "told.jsonl"))], {"target": "y"}, now=1.0)

    def state(self, folder: Path) -> Any:
        return [told.told for told in Memory.load(folder).alerts.values()]
