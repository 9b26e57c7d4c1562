"""What a version must show before an alias may point to it; each refusal with its reason."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from sevenfold.core.errors import RequestError, SevenfoldError
from sevenfold.deployment.registry.lineage import Lineage
from sevenfold.evaluation.fairness import FOUR_FIFTHS

if TYPE_CHECKING:
    from sevenfold.deployment.model import LoadedModel
    from sevenfold.deployment.parts import Parts

_REPEATS = 21
_NOT_MEASURED = "not measured, as the model did not load"


@dataclass(frozen=True)
class Limits:
    """What a version may cost.

    Args:
        latency_seconds: of one row by itself, the median of a few.
        bytes: of the file.
        isolated: load it first in a child process with limits on memory and time.
    """

    latency_seconds: float = 0.25
    bytes: int = 2 * 10**9
    isolated: bool = True


@dataclass(frozen=True)
class Verdict:
    """What one part of the gate says.

    Args:
        check: golden, contract, size, latency, score or fairness.
        passed: None where it does not apply.
        reason: in words, with the figures.
    """

    check: str
    passed: bool | None
    reason: str

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {"check": self.check, "passed": self.passed, "reason": self.reason}


@dataclass(frozen=True)
class Side:
    """One of the two versions that the gate compares.

    Args:
        path: of its file.
        lineage: what its bundle told when it was added.
    """

    path: Path
    lineage: Lineage


def examine(
    candidate: Side,
    champion: Side | None,
    *,
    data: Any = None,
    limits: Limits | None = None,
    parts: Parts | None = None,
    trust: Sequence[Path] | None = None,
) -> tuple[Verdict, ...]:
    """Ask every part of the gate; nothing is left out because another part refuses.

    Args:
        candidate: that is to be promoted.
        champion: that it is compared with; None where there is none, or where it is the candidate itself.
        data: labelled rows that neither has learned from; without them the recorded test scores are compared.
        limits: what a version may cost.
        parts: catalogues to restore from.
        trust: files of public keys, one of which must have signed the candidate.
    Raises:
        RequestError, DataError: the data cannot be used.
    """
    bounds = limits or Limits()
    model, golden = _golden(candidate.path, bounds, parts, trust)
    verdicts = [golden, _contract(candidate.lineage, champion), _size(candidate.path, bounds)]
    if model is None:
        return (*verdicts, *(Verdict(check, None, _NOT_MEASURED) for check in ("latency", "score", "fairness")))
    verdicts.append(_latency(model, bounds))
    if data is None:
        verdicts.append(_recorded_score(candidate.lineage, champion))
        verdicts.append(_fairness(candidate.lineage.fairness, None if champion is None else champion.lineage.fairness))
        return tuple(verdicts)
    verdicts.extend(_measured(model, champion, data, parts))
    return tuple(verdicts)


def refusals(verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """Those that refuse."""
    return tuple(verdict for verdict in verdicts if verdict.passed is False)


def refused(name: str, version: int, verdicts: Sequence[Verdict]) -> RequestError:
    """The error for a version that may not pass."""
    said = "; ".join(f"{verdict.check}: {verdict.reason}" for verdict in refusals(verdicts))
    return RequestError(
        f"The gate refuses version {version} of '{name}'; nothing was changed.",
        "a version that passes every check",
        said,
        "Train a better one, or promote it nevertheless with --force 'REASON', which the log keeps.",
    )


def _golden(
    path: Path, limits: Limits, parts: Parts | None, trust: Sequence[Path] | None
) -> tuple[LoadedModel | None, Verdict]:
    from sevenfold.deployment.bundle import load

    try:
        model = load(path, parts=parts, isolated=limits.isolated, trust=trust)
    except SevenfoldError as error:
        return None, Verdict("golden", False, f"{error.what} {error.received}".strip())
    return model, Verdict("golden", True, f"reproduces its {model.background.height} golden rows here")


def _contract(candidate: Lineage, champion: Side | None) -> Verdict:
    if champion is None:
        return Verdict("contract", None, "no other version is in use whose clients could be surprised")
    old = champion.lineage
    for what, was, now in (
        ("task", old.goal, candidate.goal),
        ("target", old.target, candidate.target),
        ("classes", ", ".join(old.classes), ", ".join(candidate.classes)),
    ):
        if was != now:
            return Verdict("contract", False, f"its {what} is {now or 'none'}, the champion's is {was or 'none'}")
    new = sorted(set(candidate.inputs) - set(old.inputs))
    if new:
        return Verdict("contract", True, "clients must be able to send more columns: " + ", ".join(new))
    return Verdict("contract", True, "answers the same question from the same columns")


def _size(path: Path, limits: Limits) -> Verdict:
    try:
        size = path.stat().st_size
    except OSError:
        return Verdict("size", None, "not measured, as the file is missing")
    return Verdict("size", size <= limits.bytes, f"{sized(size)}, at most {sized(limits.bytes)} allowed")


def sized(size: int) -> str:
    """A number of bytes as people say it: 15.3 kB, 2 GB."""
    for unit, of in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= of:
            return f"{size / of:.3g} {unit}"
    return f"{size} bytes"


def _latency(model: LoadedModel, limits: Limits) -> Verdict:
    record = dict(model.example)
    taken = []
    for _ in range(_REPEATS + 2):
        started = time.perf_counter()
        model.answer(record)
        taken.append(time.perf_counter() - started)
    typical = median(taken[2:])  # the first ones load what is loaded late
    reason = f"{typical * 1e3:.3g} ms for one row, at most {limits.latency_seconds * 1e3:.3g} ms allowed"
    return Verdict("latency", typical <= limits.latency_seconds, reason)


def _recorded_score(candidate: Lineage, champion: Side | None) -> Verdict:
    if champion is None:
        return Verdict("score", None, "no other version is in use to compare with")
    from sevenfold.core.registry import Catalogue
    from sevenfold.evaluation.metrics.catalogue import METRICS

    old = champion.lineage
    new_score, old_score = _interval(candidate), _interval(old)
    if old.metric != candidate.metric:
        return Verdict("score", None, f"{candidate.metric} and {old.metric} cannot be compared; give --data")
    if new_score is None or old_score is None:
        return Verdict("score", None, "no test score is recorded for both; give --data")
    catalogue: Catalogue[Any] = METRICS
    if catalogue.get(candidate.metric).spec.greater_is_better:
        worse = new_score[1] < old_score[0]
    else:
        worse = new_score[0] > old_score[1]
    same = "the same test rows" if old.split and old.split == candidate.split and old.data == candidate.data else (
        "different test rows"
    )  # fmt: skip
    reason = (
        f"recorded {candidate.metric} {new_score[0]:.4g} to {new_score[1]:.4g}, "
        f"the champion's {old_score[0]:.4g} to {old_score[1]:.4g} (on {same})"
    )
    return Verdict("score", not worse, reason + (": clearly worse" if worse else ""))


def _interval(lineage: Lineage) -> tuple[float, float] | None:
    test = (lineage.scores or {}).get("test")
    if not isinstance(test, Mapping) or not all(isinstance(test.get(k), int | float) for k in ("low", "high")):
        return None
    return float(test["low"]), float(test["high"])


def _measured(model: LoadedModel, champion: Side | None, data: Any, parts: Parts | None) -> Iterator[Verdict]:
    """Score and fairness on given rows, of both versions on the same ones."""
    from sevenfold.deployment.bundle import load
    from sevenfold.deployment.registry.paired import paired

    old = None if champion is None else load(champion.path, parts=parts)
    found = paired(model, old, data)
    if found.gain is None:
        yield Verdict("score", None, found.reason)
    else:
        gain = found.gain
        worse = gain.high < 0
        said = "clearly worse" if worse else "clearly better" if gain.real else "no clear difference"
        yield Verdict(
            "score",
            not worse,
            f"gain over the champion in {found.metric} {gain.value:.4g} ({gain.low:.4g} to {gain.high:.4g}) "
            f"on {found.rows} paired rows: {said}",
        )
    yield _fairness(found.fairness, found.champion_fairness)


def _fairness(entries: Sequence[Mapping[str, Any]], champion: Sequence[Mapping[str, Any]] | None) -> Verdict:
    """Refuse a clearly larger disparity than the champion's, and a clear break of the four-fifths rule that is new."""
    if not entries:
        return Verdict("fairness", None, "no sensitive columns are recorded")
    before = {} if champion is None else _disparities(champion)
    looked = _disparities(entries)
    for (column, figure), new in looked.items():
        old = before.get((column, figure))
        ratio = new.get("measure") == "ratio"
        if old is not None and (new["high"] < old["low"] if ratio else new["low"] > old["high"]):
            reason = f"{figure} between groups of {column}: {new['value']:.3g}, the champion's {old['value']:.3g}"
            return Verdict("fairness", False, reason)
        if ratio and new.get("clear") and not (old is not None and old.get("clear")):
            reason = f"{figure} of {new['lowest']} is {new['value']:.3g} of that of {new['highest']} ({column})"
            return Verdict("fairness", False, f"{reason}, less than {FOUR_FIFTHS}")
    columns = ", ".join(sorted({column for column, _ in looked})) or ", ".join(str(e.get("column")) for e in entries)
    return Verdict("fairness", True, f"no clear new disparity by {columns}")


def _disparities(entries: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], Mapping[str, Any]]:
    return {
        (str(entry["column"]), str(found["figure"])): found
        for entry in entries
        for found in entry.get("disparities", ())
        if all(isinstance(found.get(key), int | float) for key in ("value", "low", "high"))
    }
