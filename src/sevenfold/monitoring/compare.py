"""Champion and challenger on live rows: what the shadow has answered, joined with the labels that have come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.errors import DataError, RequestError
from sevenfold.core.metric import Needs
from sevenfold.core.task import Goal, Task
from sevenfold.deployment.documents import number
from sevenfold.deployment.registry.sequential import ALPHA, Evidence, weigh
from sevenfold.monitoring.performance import REQUEST, ROW
from sevenfold.monitoring.shadow import read_pairs
from sevenfold.monitoring.store import DIGITS

if TYPE_CHECKING:
    import polars as pl

    from sevenfold.core.arrays import Floats, Ints
    from sevenfold.deployment.model import LoadedModel

ERROR, BRIER, ABSOLUTE = "error", "brier", "absolute error"


@dataclass(frozen=True)
class Comparison:
    """What live rows say of the challenger.

    Args:
        evidence: of the paired losses.
        loss: "error" (0 or 1), "brier" (half the squared distance, 0 to 1), or "absolute error" as a share of `bound`.
        bound: an absolute error of this size or more counts as 1; None for classes.
        joined_by: "request_id", or the id column.
        rows: with a label; the evidence counts requests.
        unlabelled: pairs without a label.
        unmatched: labels without a pair.
    """

    evidence: Evidence
    loss: str
    bound: float | None
    joined_by: str
    rows: int
    unlabelled: int
    unmatched: int

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            **self.evidence.to_json(), "rows": self.rows, "requests": self.evidence.rows,
            "loss": self.loss, "bound": self.bound, "joined_by": self.joined_by,
            "unlabelled": self.unlabelled, "unmatched": self.unmatched,
        }  # fmt: skip


def compare(
    store: Path, champion: LoadedModel, challenger: LoadedModel, labels: Any, *, alpha: float = ALPHA,
    bound: float | None = None,
) -> Comparison:  # fmt: skip
    """Weigh the shadow's answers against those that were given.

    Labels count in the order in which they stand in their file, so a file that only grows at its end may be weighed as
    often as one likes.

    Args:
        store: that a server with a shadow has written.
        champion, challenger: the versions; pairs of other versions do not count.
        labels: anything that `data.readers` reads, with the target and `request_id` (and `row`), or the id column.
        alpha: chance of a wrong promotion that is accepted, over all looks together.
        bound: for numbers: an error of this size or more counts as 1. Fix it before looking; by default the range of
            the target in the champion's training rows.
    Raises:
        RequestError: no shadow has answered, or nothing tells which label belongs to which row.
        DataError: the labels cannot be read.
    """
    task = champion.task
    if not (task.goal.is_classification or task.goal is Goal.REGRESSION):
        raise RequestError(
            "These models cannot be compared row by row.", "classes or numbers", str(task.goal), "Compare by evaluate."
        )
    if (challenger.task.goal, challenger.task.classes) != (task.goal, task.classes):
        raise RequestError(
            "The two versions answer different questions.", str(task.goal), str(challenger.task.goal), "Check them."
        )
    pairs = list(_pairs(store, champion, challenger))
    if not pairs:
        raise RequestError(
            "The store holds no answers of these two versions to the same rows.",
            "rows that the champion answered while the challenger was its shadow",
            f"none in {store}",
            "Serve with --shadow and --store, and wait for requests.",
        )
    raw, truth = _labels(labels, champion)
    by, keys = _keys(raw, task)
    found: dict[Hashable, dict[str, Any]] = {}
    for pair in pairs:
        found.setdefault((pair["id"], pair["row"]) if by == REQUEST else pair.get("key"), pair)
    used: dict[Hashable, int] = {}
    for place, key in enumerate(keys):
        if key is not None and not np.isnan(truth[place]):
            used.setdefault(key, place)  # of a label that comes twice the first one counts
    matched = [(found[key], truth[place]) for key, place in used.items() if key in found]
    if not matched:
        raise DataError(
            "No label belongs to a row that both versions have answered.", f"values of {by} as in the store",
            f"{len(used)} others", "Check the labels.",
        )  # fmt: skip
    values = np.array([value for _, value in matched])
    loss, width = _loss_of(task, champion, bound)
    first, second = (
        _losses(loss, [pair[side] for pair, _ in matched], values, task, width) for side in ("served", "shadow")
    )
    starts, ends = _requests([pair["id"] for pair, _ in matched], Counter(pair["id"] for pair in pairs))
    if not len(starts):
        raise DataError(
            "No request has all of its labels yet.", "one request whose rows all have labels",
            f"{len(matched)} labels of a request that has more rows", "Wait for more labels.",
        )  # fmt: skip
    first, second = (np.add.reduceat(losses[: ends[-1]], starts) / (ends - starts) for losses in (first, second))
    evidence = weigh(first, second, alpha)
    rows = int(ends[-1])
    return Comparison(evidence, loss, width, by, rows, len(pairs) - len(matched), len(used) - len(matched))


def _requests(ids: Sequence[Hashable], rows: Mapping[Hashable, int]) -> tuple[Ints, Ints]:
    """Where runs of labels of one request begin and end: each counts as one observation, by the mean of its losses.

    Rows that are asked about together are often alike (a table that was sent in one go), and the bet is fair only if
    no observation foretells the next. The last run counts once it cannot grow any more.

    Args:
        ids: of the request that each label belongs to.
        rows: of each request in all.
    """
    starts = [place for place in range(len(ids)) if place == 0 or ids[place] != ids[place - 1]]
    ends = [*starts[1:], len(ids)]
    if ends[-1] - starts[-1] < rows[ids[-1]]:
        starts, ends = starts[:-1], ends[:-1]
    return np.asarray(starts, dtype=np.int64), np.asarray(ends, dtype=np.int64)


def _pairs(store: Path, champion: LoadedModel, challenger: LoadedModel) -> Iterator[dict[str, Any]]:
    wanted = (champion.digest[:DIGITS], challenger.digest[:DIGITS])
    for pair in read_pairs(store):
        if (pair["served"].get("model"), pair["shadow"].get("model")) == wanted:
            yield pair


def _labels(labels: Any, champion: LoadedModel) -> tuple[pl.DataFrame, Floats]:
    """Raw labels, and (rows,) what they mean, NaN where nothing can be read."""
    from sevenfold.data.clean import conform
    from sevenfold.data.readers.read import read
    from sevenfold.data.target import encode

    task = replace(champion.task, weight=None)
    raw = read(labels, target=task.target).frame
    if task.target not in raw.columns:
        raise DataError(
            "The labels lack the target.", f"a column '{task.target}'", ", ".join(raw.columns), "Name the column so."
        )
    target, rows = encode(conform(raw, champion.schema).table, task)
    truth = np.full(raw.height, np.nan)
    truth[rows] = target.values
    return raw, truth


def _keys(raw: pl.DataFrame, task: Task) -> tuple[str, list[Hashable]]:
    import polars as pl

    if REQUEST in raw.columns:
        requests = raw.get_column(REQUEST).cast(pl.String).to_list()
        numbers = raw.get_column(ROW).cast(pl.Int64, strict=False).to_list() if ROW in raw.columns else [0] * raw.height
        return REQUEST, list(zip(requests, numbers, strict=True))
    if task.id is not None and task.id in raw.columns:
        return task.id, list(raw.get_column(task.id).cast(pl.String).to_list())
    raise RequestError(
        "Nothing tells which label belongs to which request.",
        f"a column '{REQUEST}'" + (f" or '{task.id}'" if task.id else ""),
        ", ".join(raw.columns),
        "Add one of these to the labels.",
    )


def _loss_of(task: Task, champion: LoadedModel, bound: float | None) -> tuple[str, float | None]:
    """The loss of one row that goes with the task's metric, and the size of error that counts as 1."""
    from sevenfold.evaluation.metrics.catalogue import METRICS

    if task.goal.is_classification:
        return (ERROR if METRICS.get(task.metric).spec.needs is Needs.LABELS else BRIER), None
    if bound is None:
        bound = range_of(champion.profile, task.target)
    if bound is None or not bound > 0:
        raise RequestError(
            "It is not known how large an error can be.", "--bound: an error of this size or more counts as 1",
            "no range of the target in the model's profile", "Give --bound.",
        )  # fmt: skip
    return ABSOLUTE, bound


def range_of(profile: Any, target: str) -> float | None:
    """The target's range in the training rows."""
    columns = profile.get("columns", ())
    for column in columns if isinstance(columns, list | tuple) else ():
        if isinstance(column, dict) and column.get("name") == target:
            low, high = number(column.get("low")), number(column.get("high"))
            if low is not None and high is not None:
                return high - low
    return None


def _losses(loss: str, sides: list[dict[str, Any]], truth: Floats, task: Task, width: float | None) -> Floats:
    """(rows,) losses in [0, 1] of one version."""
    try:
        if loss == ABSOLUTE:
            said = np.array([np.nan if s["prediction"] is None else s["prediction"] for s in sides], dtype=np.float64)
            gaps = np.abs(said - truth) / (width or 1.0)
            return np.asarray(np.where(np.isnan(gaps), 1.0, np.minimum(gaps, 1.0)))  # no answer is the worst answer
        if loss == ERROR:
            index = {(type(label), label): code for code, label in enumerate(task.classes)}
            codes = [index[(type(s["prediction"]), s["prediction"])] for s in sides]
            return (np.array(codes) != truth).astype(np.float64)
        chances = np.array([s["probabilities"] for s in sides], dtype=np.float64)
        hits = np.eye(len(task.classes))[truth.astype(np.int64)]
        return np.asarray(np.clip(((chances - hits) ** 2).sum(axis=1) / 2, 0.0, 1.0))
    except (KeyError, ValueError, TypeError) as error:
        raise DataError(
            "The store's answers cannot be read.", "answers as a server writes them", repr(error)[:200], "Serve anew."
        ) from error
