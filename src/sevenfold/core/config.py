"""The resolved configuration of a run: declared once, read by CLI, Python, plan.toml and docs."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from sevenfold.core.errors import RequestError, unknown_name

_TIMES = {"us": 1e-6, "ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_SIZES = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12, "kib": 2**10, "mib": 2**20, "gib": 2**30}


def parse_seconds(text: str | float) -> float:
    """Seconds of "60s", "10m", "2h", "1ms" or a bare number of seconds."""
    return _parse(text, _TIMES, "s", "a duration such as 60s, 10m or 2h")


def parse_bytes(text: str | float) -> int:
    """Bytes of "20MB", "4GB", "512MiB" or a bare number of bytes."""
    return int(_parse(text, _SIZES, "b", "a size such as 20MB or 4GB"))


def _parse(text: str | float, units: Mapping[str, float], bare: str, expected: str) -> float:
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]*)\s*", str(text))
    if match and (unit := match[2].lower() or bare) in units and float(match[1]) > 0:
        return float(match[1]) * units[unit]
    raise RequestError("A value cannot be read.", expected, repr(text), "Write it like the examples.")


def _setting(default: Any, help: str) -> Any:
    if isinstance(default, dict | list):
        return field(default_factory=lambda: type(default)(default), metadata={"help": help})
    return field(default=default, metadata={"help": help})


@dataclass(frozen=True)
class Plan:
    """Everything a training was asked for. `plan.toml` in the run folder holds it and reproduces the run."""

    data: str = _setting("", "File, folder, glob, database URL, or - for standard input.")
    target: str | None = _setting(None, "Column to predict.")
    test: str | None = _setting(None, "Sealed test set; otherwise one is split off.")
    budget: str | None = _setting(None, "Wall time for everything, reading and report included: 60s, 10m, 2h.")
    trials: int | None = _setting(None, "Number of trials instead of a time; repeats exactly.")
    task: str = _setting("auto", "binary, multiclass, regression, recommendation, or auto.")
    metric: str | None = _setting(None, "Metric to optimise; the default follows from the task.")
    models: tuple[str, ...] = _setting((), "Models to choose from; all that fit by default.")
    tune: str = _setting("bayes", "Search: bayes, random, grid or none.")
    time: str | None = _setting(None, "Time column: later rows validate and test.")
    group: str | None = _setting(None, "Group column: a group is never on both sides of a split.")
    weight: str | None = _setting(None, "Column of sample weights.")
    id: str | None = _setting(None, "Row key: kept beside predictions, never an input.")
    sensitive: tuple[str, ...] = _setting((), "Columns by which fairness is measured.")
    drop: tuple[str, ...] = _setting((), "Columns to leave out.")
    role: dict[str, str] = _setting({}, "Column for a role: user, item, image, text, ... as NAME=COLUMN.")
    kind: dict[str, str] = _setting({}, "Kind of a column, against what was inferred, as COLUMN=KIND.")
    schema: str | None = _setting(None, "An edited schema.json to read the data by.")
    folds: int | None = _setting(None, "Folds of cross-validation; by size by default.")
    gap: str | None = _setting(None, "Gap between training and validation of a split by time: 7d.")
    objective: str = _setting("mean", "Regression objective: mean, median, quantile or counts.")
    quantile: float = _setting(0.5, "The quantile, with --objective quantile.")
    costs: dict[str, float] = _setting({}, "Cost of each mistake, as TRUE:DECIDED=COST.")
    max_latency: str | None = _setting(None, "One row's prediction takes at most this long: 1ms, 50us.")
    max_size: str | None = _setting(None, "The bundle is at most this large: 20MB.")
    distil: str = _setting("auto", "A small model is taught the chosen one's answers: auto (by limits), always, none.")
    precision: str = _setting(
        "auto", "Stored weights: auto (int8 where --max-size asks for it), float, int8 if it holds."
    )
    memory: str | None = _setting(None, "Memory for everything: 4GB; the container's limit by default.")
    threads: int | None = _setting(None, "Cores to use; all that the container allows by default.")
    refit: str = _setting("auto", "After the score is told, learn from the sealed rows as well: auto or none.")
    seed: int = _setting(0, "Seed of every random stream.")
    out: str | None = _setting(None, "The run's own folder; runs/NAME-TIME by default.")

    def __post_init__(self) -> None:
        if self.budget is not None and self.trials is not None:
            raise RequestError("Both --budget and --trials are given.", "one of them", "both", "Leave one out.")
        if self.budget is not None:
            parse_seconds(self.budget)
        if self.trials is not None and self.trials < 1:
            raise RequestError("--trials is too small.", "1 or more", str(self.trials), "Give at least one trial.")
        if self.max_latency is not None:
            parse_seconds(self.max_latency)
        if self.gap is not None:
            parse_seconds(self.gap)
        for size in (self.max_size, self.memory):
            if size is not None:
                parse_bytes(size)
        if self.tune not in ("bayes", "random", "grid", "none"):
            raise unknown_name("Search", self.tune, ("bayes", "random", "grid", "none"))
        if self.refit not in ("auto", "none"):
            raise unknown_name("Choice for --refit", self.refit, ("auto", "none"))
        if self.distil not in ("auto", "always", "none"):
            raise unknown_name("Choice for --distil", self.distil, ("auto", "always", "none"))
        if self.precision not in ("auto", "float", "int8"):
            raise unknown_name("Choice for --precision", self.precision, ("auto", "float", "int8"))
        if self.objective not in ("mean", "median", "quantile", "counts"):
            raise unknown_name("Objective", self.objective, ("mean", "median", "quantile", "counts"))
        if not 0 < self.quantile < 1:
            raise RequestError("--quantile is out of range.", "between 0 and 1", str(self.quantile), "Say 0.9.")
        if self.folds is not None and self.folds < 2:
            raise RequestError("--folds is too small.", "2 or more", str(self.folds), "Give at least two folds.")
        if self.threads is not None and self.threads < 1:
            raise RequestError("--threads is too small.", "1 or more", str(self.threads), "Give at least one.")

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Plan:
        """A plan of plain data; unknown settings are errors, lists become tuples."""
        known = {f.name: f for f in fields(cls)}
        values: dict[str, Any] = {}
        for name, value in settings.items():
            if name not in known:
                raise unknown_name("Setting", name, known)
            values[name] = tuple(value) if isinstance(value, list) else value
        return cls(**values)

    @classmethod
    def load(cls, path: Path) -> Plan:
        """Read a plan.toml."""
        try:
            return cls.of(tomllib.loads(path.read_text(encoding="utf-8")))
        except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise RequestError("The plan cannot be read.", "a TOML file", f"{path}: {error}", "Check it.") from error

    def dump(self) -> str:
        """The plan as TOML, settings that are not None, in declared order."""
        plain: list[str] = []
        tables: list[str] = []
        for declared in fields(self):
            value = getattr(self, declared.name)
            if value is None:
                continue
            if isinstance(value, Mapping):
                if value:
                    tables.append(f"\n[{declared.name}]")
                    tables.extend(f"{_toml(str(k))} = {_toml(v)}" for k, v in value.items())
            else:
                plain.append(f"{declared.name} = {_toml(value)}")
        return "\n".join([*plain, *tables]) + "\n"

    @property
    def budget_seconds(self) -> float | None:
        """The budget in seconds, or None where trials count."""
        return None if self.budget is None else parse_seconds(self.budget)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(v) for v in value) + "]"
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    escaped = "".join(c if c >= " " and c != "\x7f" else f"\\u{ord(c):04x}" for c in escaped)
    return f'"{escaped}"'
