"""A whole server beside a registry, for `kill_steps` to break off: it answers, logs, counts, and versions change."""

from __future__ import annotations

import http.client
import json
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import uvicorn  # noqa: F401  # once, not in every process that is forked
import uvloop  # noqa: F401
from kill_steps import Scenario
from tiny_parts import PARTS, contents, table

from sevenfold.deployment import isolation
from sevenfold.deployment.archive import read_archive
from sevenfold.deployment.bundle import load, save
from sevenfold.deployment.registry.address import Address
from sevenfold.deployment.registry.folder import FolderRegistry
from sevenfold.deployment.registry.lineage import Lineage
from sevenfold.deployment.traffic.plan import Traffic
from sevenfold.monitoring import segments
from sevenfold.monitoring.log import LogSettings
from sevenfold.monitoring.monitor import monitor
from sevenfold.monitoring.serving import serve
from sevenfold.monitoring.snapshots import Counted
from sevenfold.monitoring.store import read_lines

ASKED = 4  # before and after each change
_SECONDS = 60


class Served(Scenario):
    """Version 1 answers, 2 is promoted and takes over, and is rolled back; each request is logged and counted.

    Requests, decisions and what was seen in the store are told beside the folder as soon as they are certain.
    """

    def prepare(self, folder: Path) -> None:
        registry = self.registry(folder)
        for name, rows in (("one", 120), ("two", 300)):
            save(folder / name, contents(rows=rows, members=1))
            registry.add("m", folder / name, lambda path: Lineage.of(load(path, parts=PARTS)))
        registry.promote("m", 1)
        self.told(folder).write_bytes(b"")

    def registry(self, folder: Path) -> FolderRegistry:
        return FolderRegistry(folder / "registry", "ada")

    def told(self, folder: Path) -> Path:
        return folder.parent / "told.jsonl"  # no write step

    def act(self, folder: Path) -> None:
        self.told(folder).write_bytes(b"")
        self.serve(folder, self.busy_day)

    def again(self, folder: Path) -> None:
        """A server that is started afterwards serves the champion and counts on, from exactly what was there."""
        before = self.state(folder)
        champion = self.registry(folder).get(Address("m")).version

        def client(ask: Ask) -> None:
            assert {ask.row(f"again-{number}") for number in range(ASKED)} == {str(champion)}

        self.serve(folder, client)
        after = self.state(folder)
        assert after == [before[0], before[1] + ASKED, before[2] + ASKED], (before, after)
        report = monitor(folder / "store")
        assert report.rows >= ASKED and not {"damaged-log", "damaged-counts"} & {a.code for a in report.alerts}

    def serve(self, folder: Path, work: Callable[[Ask], None]) -> None:
        """A server in this process, and a client in a thread of it that ends it."""
        failed: list[BaseException] = []

        def client(url: str) -> None:
            try:
                work(Ask(url, self.told(folder)))
            except BaseException as error:
                failed.append(error)
            finally:
                os.kill(os.getpid(), signal.SIGTERM)

        isolation.canary = lambda path, *more, **options: read_archive(path)[2]  # type: ignore[assignment]  # has tests of its own
        serve(
            Traffic({"m": Address("m")}), port=0, store=folder / "store", registry=self.registry(folder), parts=PARTS,
            settings=LogSettings(sync_seconds=0.1, replica="a"),
            on_start=lambda url: threading.Thread(target=client, args=(url,), daemon=True).start(),
        )  # fmt: skip
        if failed:
            raise failed[0]

    def busy_day(self, ask: Ask) -> None:
        """What happens before the end."""
        folder = ask.told.parent / "place"
        registry = self.registry(folder)
        moves = (None, lambda: registry.promote("m", 2, expect=1), lambda: registry.rollback("m", expect=2))
        for number, (move, version) in enumerate(zip(moves, ("1", "2", "1"), strict=True)):
            if move is not None:
                move()
                ask.tell(decisions=number)
                os.kill(os.getpid(), signal.SIGHUP)
                until(lambda wanted=version: ask.version() == wanted)
            for request in range(ASKED):
                assert ask.row(f"{number}-{request}") == version
            until(lambda wanted=ASKED * (number + 1): self.state(folder, fresh=False)[1] == wanted)
            ask.tell(counted=ASKED * (number + 1))

    def state(self, folder: Path, *, fresh: bool = True) -> Any:
        """How many decisions were taken, rows counted, and rows kept; nothing that was certain is lost.

        Args:
            fresh: by a process that looks later: what was told must hold.
        """
        registry = self.registry(folder)
        moves = [entry.version for entry in registry.log("m") if entry.action in ("promote", "rollback")]
        assert moves == [1, 2, 1][: len(moves)]
        assert registry.get(Address("m")).version == moves[-1]
        counted = counted_rows(folder / "store")
        if not fresh:
            return [len(moves) - 1, counted, 0]
        kept = ids(folder / "store")
        told = [json.loads(line) for line in self.told(folder).read_bytes().splitlines()]
        asked = sum("asking" in line for line in told)
        answered = [line["answered"] for line in told if "answered" in line]
        certain = max((line["counted"] for line in told if "counted" in line), default=0)
        assert len(kept) == len(set(kept)) and set(answered[:certain]) <= set(kept), (kept, answered)
        assert certain <= counted <= len(kept) <= asked, (certain, counted, len(kept), asked)
        assert len(moves) - 1 >= max((line["decisions"] for line in told if "decisions" in line), default=0)
        return [len(moves) - 1, counted, len(kept)]


class Ask:
    """A client, which tells what is certain.

    Args:
        url: of the server.
        told: the file to tell it in.
    """

    def __init__(self, url: str, told: Path) -> None:
        self.host, self.told = url.removeprefix("http://"), told
        self.body = table(1, seed=1).drop("bought").write_json()

    def tell(self, **what: Any) -> None:
        with self.told.open("ab", 0) as file:
            file.write(json.dumps(what).encode() + b"\n")

    def row(self, request: str) -> str:
        """Ask for a prediction; the version that gave it."""
        self.tell(asking=request)
        headers = {"x-request-id": request, "content-type": "application/json"}
        status, headers, said = self._asked("POST", "/predict", self.body, headers)
        assert status == 200, said
        self.tell(answered=json.loads(said)[0]["request_id"])
        return str(headers["x-model-version"])

    def version(self) -> str:
        """The version that answers now."""
        return str(json.loads(self._asked("GET", "/v2/models/m")[2])["versions"][0])

    def _asked(self, *request: Any) -> tuple[int, Any, bytes]:
        connection = http.client.HTTPConnection(self.host, timeout=_SECONDS)
        try:
            connection.request(*request)
            reply = connection.getresponse()
            return reply.status, reply.headers, reply.read()
        finally:
            connection.close()


def until(so: Callable[[], bool]) -> None:
    """Wait for it."""
    end = time.monotonic() + _SECONDS
    while not so():
        assert time.monotonic() < end
        time.sleep(0.01)


def counted_rows(store: Path) -> int:
    """Rows that all servers of all versions have counted; every file is whole."""
    found = [Counted.from_bytes(path.read_bytes()) for path in store.glob("counts/*/*/*.json")]
    assert len({(c.model, c.replica, c.boot, c.window) for c in found}) == len(found)
    return sum(counted.snapshot.sketch.rows for counted in found)


def ids(store: Path) -> list[str]:
    """Of all rows that are kept."""
    found: list[str] = []
    for path in segments.segments(store / "rows"):
        if path.suffix == segments.PACKED:
            found += pl.read_parquet(path)["id"].to_list()
        else:
            found += [row["id"] for row in read_lines(path) if row is not None]
    return found
