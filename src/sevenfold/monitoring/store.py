"""The folder in which a served model's requests are kept, with all that is needed to judge them later.

    store.json                         format, and the digest of the model that served last
    models/DIGEST/{task,schema,profile,prediction,source,metadata}.json
    counts/DIGEST/WINDOW/REPLICA.BOOT.json   exact counts of every row, see `snapshots`
    rows/YYYY-MM-DD/START-NNNN.parquet       rows by day, see `segments`
    rows/YYYY-MM-DD/START-NNNN.jsonl         the same while it is being written

A torn or foreign line, as a crash leaves it, is passed over and counted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sevenfold.core.dataset import Schema
from sevenfold.core.errors import DataError, RequestError
from sevenfold.core.task import Task
from sevenfold.deployment.documents import canonical
from sevenfold.deployment.files import write_whole
from sevenfold.deployment.model import LoadedModel
from sevenfold.monitoring.segments import segments

FORMAT = 1
DIGITS = 16  # of a model's digest: enough to tell models apart
_DOCUMENTS = ("task", "schema", "profile", "prediction", "source", "metadata")


@dataclass(frozen=True)
class Reference:
    """What the rows of one model are compared with, as its bundle holds it.

    Args:
        digest: of the model.
        task, schema: what it predicts from what.
        profile: of the training rows.
        prediction_profile: of predictions on rows it had not learned from; may be empty.
        source: how the training data were read.
        metadata: run id, scores, and the like.
    """

    digest: str
    task: Task
    schema: Schema
    profile: Mapping[str, Any]
    prediction_profile: Mapping[str, Any]
    source: Mapping[str, Any]
    metadata: Mapping[str, Any]


@dataclass(frozen=True)
class Store:
    """A store at a path."""

    path: Path

    @classmethod
    def open(cls, path: Path) -> Store:
        """An existing store.

        Raises:
            RequestError: there is none.
        """
        if not (path / "store.json").is_file():
            raise RequestError(
                f"{path} is not a store.",
                "a folder that `sevenfold serve --store` has written",
                "a path without a store.json",
                "Check the path.",
            )
        return cls(path)

    @classmethod
    def prepare(cls, path: Path, model: LoadedModel) -> Store:
        """A store, new or not, that holds what the rows of `model` will be compared with.

        Raises:
            RequestError: the folder cannot be written to.
        """
        store = cls(path)
        digest = model.digest[:DIGITS]
        folder = path / "models" / digest
        try:
            folder.mkdir(parents=True, exist_ok=True)
            store.rows.mkdir(exist_ok=True)
        except OSError as error:
            raise RequestError(
                f"The store {path} cannot be made.",
                "a folder that can be written to",
                error.strerror or "",
                "Check it.",
            ) from error
        documents = (
            model.task.to_json(),
            model.schema.to_json(),
            dict(model.profile),
            dict(model.prediction_profile),
            dict(model.source),
            dict(model.metadata),
        )
        for name, document in zip(_DOCUMENTS, documents, strict=True):
            write_whole(folder / f"{name}.json", canonical(document))
        write_whole(path / "store.json", canonical({"format": FORMAT, "model": digest}))
        return store

    @property
    def counts(self) -> Path:
        """Folder of the snapshots, one folder a model."""
        return self.path / "counts"

    @property
    def rows(self) -> Path:
        """Folder of the days."""
        return self.path / "rows"

    def reference(self) -> Reference:
        """What the last model's rows are compared with.

        Raises:
            DataError: the store is damaged, or of another format.
        """
        try:
            head = json.loads((self.path / "store.json").read_bytes())
            digest = str(head["model"])
            if head["format"] != FORMAT or not digest.isalnum():
                raise ValueError("another format")
            folder = self.path / "models" / digest
            found = {name: json.loads((folder / f"{name}.json").read_bytes()) for name in _DOCUMENTS}
            return Reference(
                digest,
                Task.from_json(found["task"]),
                Schema.from_json(found["schema"]),
                found["profile"],
                found["prediction"],
                found["source"],
                found["metadata"],
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(
                "The store cannot be read.", f"a store of format {FORMAT}", repr(error), "Serve into a new store."
            ) from error

    def segments(self) -> Iterator[Path]:
        """Files of rows, oldest first."""
        return segments(self.rows)


def reference_of(model: LoadedModel) -> Reference:
    """What the rows of a model are compared with."""
    return Reference(
        model.digest[:DIGITS],
        model.task,
        model.schema,
        model.profile,
        model.prediction_profile,
        model.source,
        model.metadata,
    )


def read_lines(segment: Path) -> Iterator[dict[str, Any] | None]:
    """Each line of a segment as the row it holds; None for a line that holds none."""
    with segment.open("rb") as file:
        for line in file:
            try:
                row = json.loads(line) if line.endswith(b"\n") else None
            except ValueError:
                row = None
            yield row if isinstance(row, dict) and isinstance(row.get("inputs"), dict) else None
