"""Writing in a run folder, for `kill_steps` to break off."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from kill_steps import Scenario

from sevenfold.core.run import Journal, write_json
from sevenfold.core.state import load_state, save_state


class AppendedEvents(Scenario):
    """A journal grows by two events, the second one long."""

    def prepare(self, folder: Path) -> None:
        Journal(folder / "journal.jsonl", 0.0).append("first", {"n": 1})

    def act(self, folder: Path) -> None:
        journal = Journal(folder / "journal.jsonl")
        journal.append("second", {"n": 2})
        journal.append("third", {"n": 3, "text": "x" * 20_000})

    def again(self, folder: Path) -> None:
        Journal(folder / "journal.jsonl").append("last", {"n": 4})

    def state(self, folder: Path) -> Any:
        events = list(Journal(folder / "journal.jsonl").events())
        assert all(event.data["n"] for event in events)
        assert all(len(event.data["text"]) == 20_000 for event in events if event.kind == "third")
        return [event.kind for event in events]


class ReplacedDocument(Scenario):
    """A document of the run is written anew."""

    def prepare(self, folder: Path) -> None:
        write_json(folder / "findings.json", [1])

    def act(self, folder: Path) -> None:
        write_json(folder / "findings.json", [2] * 9_000)

    def state(self, folder: Path) -> Any:
        import json

        found = json.loads((folder / "findings.json").read_text(encoding="utf-8"))
        return [found[0], len(found)]


class SavedState(Scenario):
    """What a fold has learned is laid down."""

    def prepare(self, folder: Path) -> None:
        pass

    def act(self, folder: Path) -> None:
        save_state(folder / "fold-0", {"a": np.arange(5_000), "b": bytes(3_000), "c": bytes(20_000)})

    def again(self, folder: Path) -> None:
        if not (folder / "fold-0").exists():
            self.act(folder)

    def state(self, folder: Path) -> Any:
        if not (folder / "fold-0").exists():
            return None
        return {name: len(value) for name, value in load_state(folder / "fold-0").items()}
