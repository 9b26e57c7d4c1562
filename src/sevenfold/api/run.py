"""A finished (or broken-off) training as Python sees it: everything is read from the run folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sevenfold.core.errors import RequestError
from sevenfold.core.events import Happening
from sevenfold.core.report import Finding
from sevenfold.core.run import Journal, RunFolder

if TYPE_CHECKING:
    import polars as pl

    from sevenfold.deployment.model import LoadedModel


@dataclass(frozen=True)
class Run:
    """What a training left behind.

    >>> run = sevenfold.train("churn.csv", target="churned", budget="60s")  # doctest: +SKIP
    >>> run.result["test"]["value"]  # doctest: +SKIP
    """

    folder: RunFolder

    @classmethod
    def open(cls, path: str | Path) -> Run:
        """The run of that folder.

        Raises:
            RequestError: it is no run folder.
        """
        return cls(RunFolder.open(Path(path)))

    @property
    def path(self) -> Path:
        """The run folder."""
        return self.folder.path

    @property
    def report(self) -> Path:
        """The page for people."""
        return self.folder.report

    @property
    def result(self) -> dict[str, Any]:
        """What `sevenfold train --json` prints: run, model, task, metric, validation, test, seconds, findings, ...

        Raises:
            RequestError: the run has not ended; `sevenfold resume` goes on with it.
        """
        for event in Journal(self.folder.journal).events():
            if event.kind == Happening.RUN_FINISHED:
                return dict(event.data["result"])
        raise RequestError(
            "The run has not ended.", "a finished run", str(self.path), f"Go on with it: sevenfold resume {self.path}"
        )

    @property
    def leaderboard(self) -> pl.DataFrame:
        """Every trial with its scores, best first."""
        import polars as pl

        rows = json.loads(self.folder.leaderboard.read_text(encoding="utf-8"))
        for row in rows:
            row["params"] = json.dumps(row["params"])
        return pl.DataFrame(rows, infer_schema_length=None)

    @property
    def findings(self) -> list[Finding]:
        """Findings of all checks."""
        stored = json.loads(self.folder.findings.read_text(encoding="utf-8"))
        return [Finding.from_json(finding) for finding in stored["findings"]]

    @cached_property
    def model(self) -> LoadedModel:
        """The model of the run, loaded from its bundle."""
        from sevenfold.deployment.bundle import load

        return load(self.folder.model)
