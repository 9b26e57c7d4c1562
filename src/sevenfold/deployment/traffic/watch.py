"""Watches the registry while a server runs, and swaps what is hosted when an alias comes to mean another version."""

from __future__ import annotations

import json
import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sevenfold.core.errors import SevenfoldError
from sevenfold.deployment.parts import Parts
from sevenfold.deployment.registry.records import SERVE
from sevenfold.deployment.registry.registry import Registry
from sevenfold.deployment.traffic.plan import Opener, Stage, Traffic
from sevenfold.deployment.traffic.shadow import Sink

_LOG = logging.getLogger("sevenfold.serve")


class Watcher:
    """A thread that asks the registry again and again whether anything has changed, which is a cheap question.

    A new version is loaded and tried beside the one that answers, and takes its place only when it has reproduced its
    golden rows; one that fails is told in both logs, and the old one goes on. A version that failed is not tried again
    before its alias has meant another one.

    Args:
        stage: what is hosted.
        poll_seconds: between two looks; by default as often as suits the registry.
    """

    def __init__(self, stage: Stage, poll_seconds: float | None = None) -> None:
        self._stage = stage
        self._poll_seconds = stage.registry.poll_seconds if poll_seconds is None else poll_seconds
        self._failed: dict[tuple[str, str], str] = {}
        self._ending = False
        self._asked = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="sevenfold-watch", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def look_now(self) -> None:
        """Look at once, as a signal asks for."""
        self._asked.set()

    def close(self) -> None:
        """Stop watching. A second call does nothing."""
        self._ending = True
        self._asked.set()
        if self._thread.is_alive():
            self._thread.join()

    def look(self) -> None:
        """Compare what is hosted with what the aliases mean, and swap what differs."""
        for (role, name), address in self._stage.watched().items():
            try:
                wanted = str(self._stage.registry.get(address).version)
            except SevenfoldError as error:
                _tell(role, name, "", "unreadable", error.what)
                continue
            key = (role, name)
            if wanted == self._stage.hosted_version(role, name):
                self._failed.pop(key, None)
            elif self._failed.get(key) != wanted:
                self._swap(role, name, wanted)

    def _swap(self, role: str, name: str, wanted: str) -> None:
        before = self._stage.hosted_version(role, name)
        try:
            hosted = self._stage.reload(role, name)
        except Exception as error:  # whatever a new version does, the old one goes on
            self._failed[(role, name)] = wanted
            reason = error.what if isinstance(error, SevenfoldError) else type(error).__name__
            self._note(role, name, wanted, "refused", f"{reason}; version {before} goes on")
        else:
            self._note(role, name, hosted.version, "swapped", f"in place of version {before}")

    def _note(self, role: str, name: str, version: str, outcome: str, why: str) -> None:
        _tell(role, name, version, outcome, why)
        address = self._stage.watched()[(role, name)]
        details: dict[str, Any] = {"outcome": outcome, "role": role, "served_as": name}
        try:
            self._stage.registry.note(SERVE, address.name, address.alias, int(version), why, details)
        except SevenfoldError as error:  # a registry that cannot be written to must not end the serving
            _tell(role, name, version, "unlogged", error.what)

    def _watch(self) -> None:
        names = sorted({address.name for address in self._stage.watched().values()})
        seen: object = None
        while not self._ending:
            try:
                with self._stage.registry.watching(names) as glance:
                    while not self._ending:
                        asked = self._asked.is_set()
                        self._asked.clear()
                        found = glance()
                        if asked or found != seen:
                            self.look()
                            seen = found
                        self._stage.host.let_go()
                        self._asked.wait(self._poll_seconds)
            except Exception as error:  # say, the registry's disk is away for a while
                _tell("", "", "", "unreadable", type(error).__name__)
                seen = None
                self._asked.wait(self._poll_seconds)


@contextmanager
def on_stage(
    traffic: Traffic,
    registry: Registry,
    *,
    recorder: Opener | None = None,
    sink: Sink | None = None,
    parts: Parts | None = None,
    poll_seconds: float | None = None,
) -> Iterator[Stage]:
    """What is to be hosted, watched for as long as the block lasts; SIGHUP lets the watcher look at once."""
    stage = Stage(traffic, registry, recorder=recorder, sink=sink, parts=parts)
    watcher = Watcher(stage, poll_seconds)
    before: Any = None
    main = threading.current_thread() is threading.main_thread()
    if stage.watched():
        watcher.start()
        if main and hasattr(signal, "SIGHUP"):
            before = signal.signal(signal.SIGHUP, lambda number, frame: watcher.look_now())
    try:
        yield stage
    finally:
        if before is not None:
            signal.signal(signal.SIGHUP, before)
        watcher.close()
        stage.host.close()
        stage.close()


def _tell(role: str, name: str, version: str, outcome: str, why: str) -> None:
    _LOG.warning(json.dumps({"registry": outcome, "role": role, "model": name, "version": version, "why": why}))
