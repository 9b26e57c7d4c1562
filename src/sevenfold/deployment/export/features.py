"""Feature steps as ONNX nodes: each function gives what the step's `transform` gives."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sevenfold.core.dataset import Kind, Schema
from sevenfold.core.feature import Feature
from sevenfold.core.inputs import Form
from sevenfold.core.recipe import Step
from sevenfold.deployment.export.calendar import CYCLES, calendar
from sevenfold.deployment.export.graph import CannotExportError, Graph


@dataclass(frozen=True)
class Made:
    """A block in the graph: (rows, columns) values, float64, or int64 codes for CATEGORIES; "" where no column is."""

    form: Form
    names: tuple[str, ...]
    value: str
    levels: tuple[int, ...] = ()


@dataclass
class Sources:
    """The columns of the schema as inputs of the graph, and what earlier steps made."""

    graph: Graph
    schema: Schema
    made: dict[str, Made] = field(default_factory=dict)

    def number(self, name: str) -> str:
        """(rows, 1) of a number, flag (0, 1) or date (seconds since 1970); NaN where missing or infinite."""
        kind = self.schema[name].kind
        if kind not in (Kind.NUMBER, Kind.FLAG, Kind.DATE):
            raise CannotExportError.of(f"Column '{name}' ({kind}) as a number")
        given = self.graph.input(name, "double")
        return self.graph.add("Where", self.graph.add("IsInf", given), self.graph.constant(np.nan), given)

    def numbers(self, inputs: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
        """(rows, columns) of columns and earlier steps, and their names."""
        parts: list[str] = []
        names: list[str] = []
        for name in inputs:
            if name.startswith("@"):
                made = self.made[name[1:]]
                if not made.names:
                    continue
                wide = made.value
                if made.form is Form.CATEGORIES:
                    wide = self.graph.cast(made.value, np.float64)
                infinite = self.graph.add("IsInf", wide)
                parts.append(self.graph.add("Where", infinite, self.graph.constant(np.nan), wide))
                names.extend(made.names)
            else:
                parts.append(self.number(name))
                names.append(name)
        return self.graph.side_by_side(parts), tuple(names)

    def words(self, name: str) -> str:
        """(rows, 1) strings of a column, "" where missing; a flag is "true" or "false"."""
        kind = self.schema[name].kind
        if kind is Kind.FLAG:
            number, text = self.number(name), self.graph.constant
            spelled = self.graph.add(
                "Where", self.graph.numeric("Greater", number, 0.0), text(["true"], object), text(["false"], object)
            )
            return self.graph.add("Where", self.graph.add("IsNaN", number), text([""], object), spelled)
        if kind not in (Kind.CATEGORY, Kind.ID, Kind.TEXT):
            raise CannotExportError.of(f"Column '{name}' ({kind}) as a category")
        return self.graph.input(name, "string")

    def codes(self, inputs: tuple[str, ...], levels: list[Any], missing: list[int]) -> list[tuple[str, str]]:
        """(rows, 1) int64 codes of each category column, with its name; -1 unseen, `missing` where missing."""
        found: list[tuple[str, str]] = []
        for name in inputs:
            if not name.startswith("@"):
                values = levels[len(found)].values
                found.append((name, self.lookup(self.words(name), values, missing[len(found)])))
                continue
            block = self.made[name[1:]]
            for place, part in enumerate(block.names):
                column = self.graph.column(block.value, place)
                known = {int(value): code for code, value in enumerate(levels[len(found)].values)}
                if missing[len(found)] != -1:
                    known[-1] = missing[len(found)]
                found.append((part, self._encoder(column, "keys_int64s", known)))
        return found

    def lookup(self, words: str, values: tuple[str, ...], missing: int) -> str:
        """(rows, 1) codes of strings."""
        known = {value: code for code, value in enumerate(values) if value}
        if missing != -1:
            known[""] = missing
        return self._encoder(words, "keys_strings", known)

    def _encoder(self, value: str, keys: str, known: Mapping[Any, int]) -> str:
        if not known:
            known = {"\x00" if keys == "keys_strings" else -(2**60): -1}
        attributes = {keys: list(known), "values_int64s": list(known.values()), "default_int64": -1}
        return self.graph.add("LabelEncoder", value, domain="ai.onnx.ml", **attributes)


Converter = Callable[[Sources, Any, Step], Made]


def convert(sources: Sources, feature: Feature, step: Step) -> Made:
    """The nodes of one fitted step.

    Raises:
        CannotExportError: the step has no exact form in ONNX.
    """
    converter = _CONVERTERS.get(step.feature)
    if converter is None:
        columns = ", ".join(name for name in step.inputs if not name.startswith("@"))
        raise CannotExportError.of(f"Step '{step.feature}' on columns {columns}")
    if all(name.startswith("@") and not sources.made[name[1:]].names for name in step.inputs):
        return Made(feature.spec.gives, (), "")  # a selection that kept nothing, and what is made of it
    return converter(sources, feature, step)


def _passthrough(sources: Sources, feature: Any, step: Step) -> Made:
    value, names = sources.numbers(step.inputs)
    return Made(Form.NUMBERS, names, value)


def _impute(sources: Sources, feature: Any, step: Step) -> Made:
    graph = sources.graph
    value, names = sources.numbers(step.inputs)
    missing = graph.add("IsNaN", value)
    parts = [graph.add("Where", missing, graph.constant(feature.learned["fill"]), value)]
    marked = [int(place) for place in feature.learned["marked"]]
    if marked:
        parts.append(graph.columns(graph.cast(missing, np.float64), marked))
    return Made(Form.NUMBERS, (*names, *(f"{names[i]}:missing" for i in marked)), graph.side_by_side(parts))


def _scale(sources: Sources, feature: Any, step: Step) -> Made:
    graph = sources.graph
    value, names = sources.numbers(step.inputs)
    centred = graph.numeric("Sub", value, feature.learned["centre"])
    scaled = graph.numeric("Div", centred, feature.learned["spread"])
    return Made(Form.NUMBERS, names, graph.clip(scaled, -1e6, 1e6))


def _clip(sources: Sources, feature: Any, step: Step) -> Made:
    value, names = sources.numbers(step.inputs)
    return Made(Form.NUMBERS, names, sources.graph.clip(value, feature.learned["low"], feature.learned["high"]))


def _log(sources: Sources, feature: Any, step: Step) -> Made:
    graph = sources.graph
    value, names = sources.numbers(step.inputs)
    size = graph.add("Log", graph.numeric("Add", graph.add("Abs", value), 1.0))
    bent = graph.add("Mul", graph.add("Sign", value), size)
    return Made(Form.NUMBERS, names, graph.add("Where", graph.constant(feature.learned["bent"], bool), bent, value))


def _quantile(sources: Sources, feature: Any, step: Step) -> Made:
    graph, learned = sources.graph, feature.learned
    value, names = sources.numbers(step.inputs)
    starts = learned["starts"]
    parts = []
    for place in range(len(names)):
        part = slice(starts[place], starts[place + 1])
        column = graph.column(value, place)
        parts.append(interpolated(graph, column, learned["known"][part], learned["outputs"][part]))
    return Made(Form.NUMBERS, names, graph.side_by_side(parts))


def interpolated(graph: Graph, column: str, known: Any, outputs: Any) -> str:
    """(rows, 1) linear interpolation between known points; the ends' outputs beyond them; NaN stays."""
    if len(known) < 2:
        constant = graph.rows_of([float(outputs[0]) if len(known) else 0.0], column)
        return graph.kept_nan(column, constant)
    reached = graph.cast(graph.numeric("GreaterOrEqual", column, known), np.float64)
    right = graph.flat(graph.cast(graph.clip(graph.total(reached), 1.0, float(len(known) - 1)), np.int64))
    left = graph.add("Sub", right, graph.constant(1, np.int64))
    as_column = graph.constant([-1, 1], np.int64)

    def at(values: Any, place: str) -> str:
        return graph.add("Reshape", graph.add("Gather", graph.constant(values), place), as_column)

    low, high = at(np.asarray(known) / 2, left), at(np.asarray(known) / 2, right)
    rise = graph.numeric("Max", graph.add("Sub", high, low), 5e-324)
    share = graph.add("Div", graph.add("Sub", graph.numeric("Mul", column, 0.5), low), rise)
    share = graph.clip(share, 0.0, 1.0)
    rest = graph.add("Sub", graph.constant(1.0), share)
    return graph.add("Add", graph.add("Mul", at(outputs, left), rest), graph.add("Mul", at(outputs, right), share))


def _bins(sources: Sources, feature: Any, step: Step) -> Made:
    graph = sources.graph
    value, names = sources.numbers(step.inputs)
    starts, limits = feature.learned["starts"], feature.learned["limits"]
    parts: list[str] = []
    made: list[str] = []
    for place, name in enumerate(names):
        inner = limits[starts[place] : starts[place + 1]]
        column = graph.column(value, place)
        reached = graph.rows_of([0.0], column)
        if len(inner):
            reached = graph.total(graph.cast(graph.numeric("GreaterOrEqual", column, inner), np.float64))
        hit = graph.numeric("Equal", reached, np.arange(len(inner) + 1))
        present = graph.add("Not", graph.add("IsNaN", column))
        parts.append(graph.cast(graph.add("And", hit, present), np.float64))
        made.extend(f"{name}:bin{number + 1}" for number in range(len(inner) + 1))
    return Made(Form.NUMBERS, tuple(made), graph.side_by_side(parts))


def _one_hot(sources: Sources, feature: Any, step: Step) -> Made:
    graph, levels, marked = sources.graph, feature._levels, feature.learned["marked"]
    missing = [len(known) if mark else -1 for known, mark in zip(levels, marked, strict=True)]
    parts: list[str] = []
    names: list[str] = []
    for (name, codes), known, mark in zip(sources.codes(step.inputs, levels, missing), levels, marked, strict=True):
        if not len(known) + mark:
            continue
        hit = graph.add("Equal", codes, graph.constant(np.arange(len(known) + mark), np.int64))
        parts.append(graph.cast(hit, np.float64))
        names.extend(f"{name}={value}" for value in known.values)
        names.extend([f"{name}:missing"] * mark)
    form = Form.SPARSE if step.feature == "one_hot_sparse" else Form.NUMBERS
    if not parts:
        return Made(form, (), "")
    return Made(form, tuple(names), graph.side_by_side(parts))


def _ordinal(sources: Sources, feature: Any, step: Step) -> Made:
    found = sources.codes(step.inputs, feature._levels, [-1] * len(feature._levels))
    value = sources.graph.side_by_side([codes for _, codes in found])
    return Made(Form.CATEGORIES, tuple(name for name, _ in found), value, tuple(map(len, feature._levels)))


def _ordered(sources: Sources, feature: Any, step: Step) -> Made:
    graph = sources.graph
    made = _ordinal(sources, feature, step)
    places = graph.cast(made.value, np.float64)
    unknown = graph.numeric("Less", places, 0.0)
    return Made(Form.NUMBERS, made.names, graph.add("Where", unknown, graph.constant(np.nan), places))


def _from_table(graph: Graph, codes: str, table: Any) -> str:
    """(rows, columns) of a table by code; -1 means its last row."""
    size = len(table)
    unknown = graph.add("Less", codes, graph.constant(0, np.int64))
    place = graph.flat(graph.add("Where", unknown, graph.constant(size - 1, np.int64), codes))
    return graph.add("Gather", graph.constant(table), place)


def _target_encode(sources: Sources, feature: Any, step: Step) -> Made:
    learned, levels = feature.learned, feature._levels
    found = sources.codes(step.inputs, levels, [len(known) for known in levels])
    parts = [
        _from_table(sources.graph, codes, np.vstack([table, learned["prior"][None, :]]))
        for (_, codes), table in zip(found, learned["tables"], strict=True)
    ]
    names = tuple(f"{name}:target{suffix}" for name, _ in found for suffix in learned["suffixes"])
    return Made(Form.NUMBERS, names, sources.graph.side_by_side(parts))


def _frequency(sources: Sources, feature: Any, step: Step) -> Made:
    levels = feature._levels
    found = sources.codes(step.inputs, levels, [len(known) for known in levels])
    parts = [
        _from_table(sources.graph, codes, np.append(shares, 0.0)[:, None])
        for (_, codes), shares in zip(found, feature.learned["shares"], strict=True)
    ]
    return Made(Form.NUMBERS, tuple(f"{name}:share" for name, _ in found), sources.graph.side_by_side(parts))


def _category_pairs(sources: Sources, feature: Any, step: Step) -> Made:
    graph, pairs = sources.graph, feature.learned["pairs"]
    if not pairs:
        return Made(Form.CATEGORIES, (), "")
    if any(name.startswith("@") for name in step.inputs):
        raise CannotExportError.of("Step 'category_pairs' on earlier steps")
    parts: list[str] = []
    names: list[str] = []
    nothing, between = graph.constant([""], object), graph.constant(["\x1f"], object)
    for (a, b), levels in zip(pairs, feature._levels, strict=True):
        first, second = (sources.words(step.inputs[place]) for place in (a, b))
        joined = graph.add("StringConcat", graph.add("StringConcat", first, between), second)
        missing = graph.add("Or", graph.add("Equal", first, nothing), graph.add("Equal", second, nothing))
        parts.append(sources.lookup(graph.add("Where", missing, nothing, joined), levels.values, -1))
        names.append(f"{step.inputs[a]}&{step.inputs[b]}")
    return Made(Form.CATEGORIES, tuple(names), graph.side_by_side(parts), tuple(map(len, feature._levels)))


def _ratios(sources: Sources, feature: Any, step: Step) -> Made:
    graph = sources.graph
    value, names = sources.numbers(step.inputs)
    parts: list[str] = []
    made: list[str] = []
    for how, a, b in feature.learned["kept"]:
        left, right = graph.column(value, a), graph.column(value, b)
        if how == "inverse":
            left, right = right, left
        operator = {"difference": "Sub", "product": "Mul"}.get(how, "Div")
        found = graph.add(operator, left, right)
        parts.append(graph.add("Where", graph.add("IsInf", found), graph.constant(np.nan), found))
        made.append(f"{names[a]} {how} {names[b]}")
    if not parts:
        return Made(Form.NUMBERS, (), "")
    return Made(Form.NUMBERS, tuple(made), graph.side_by_side(parts))


def _selected(sources: Sources, feature: Any, step: Step) -> Made:
    value, names = sources.numbers(step.inputs)
    kept = [int(place) for place in feature.learned["kept"]]
    if not kept:
        return Made(Form.NUMBERS, (), "")
    return Made(Form.NUMBERS, tuple(names[place] for place in kept), sources.graph.columns(value, kept))


def _elapsed(sources: Sources, feature: Any, step: Step) -> Made:
    from itertools import combinations

    graph = sources.graph
    seconds, names = sources.numbers(step.inputs)
    pairs = list(combinations(range(len(names)), 2))[: feature.params["pairs"]]
    parts: list[str] = []
    made: list[str] = []
    if feature.params["since"]:
        since = graph.numeric("Sub", seconds, feature.learned["first"])
        parts.append(graph.numeric("Div", since, 86400.0))
        made.extend(f"{name}:since" for name in names)
    if pairs:
        earlier, later = (graph.columns(seconds, [pair[end] for pair in pairs]) for end in (0, 1))
        parts.append(graph.numeric("Div", graph.add("Sub", later, earlier), 86400.0))
        made.extend(f"{names[b]}-{names[a]}" for a, b in pairs)
    if not parts:
        return Made(Form.NUMBERS, (), "")
    return Made(Form.NUMBERS, tuple(made), graph.side_by_side(parts))


def _date_parts(sources: Sources, feature: Any, step: Step) -> Made:
    graph = sources.graph
    parts: list[str] = []
    names: list[str] = []
    for name, kept in zip(step.inputs, feature.learned["parts"], strict=True):
        known = calendar(graph, sources.number(name))
        for part in kept:
            parts.append(known[part])
            names.append(f"{name}:{part}")
        for part, length in CYCLES.items() if feature.params["cycles"] else ():
            if part in kept:
                turns = [2 * math.pi * place / length for place in range(length + 1)]
                missing = graph.add("IsNaN", known[part])
                place = graph.add("Where", missing, graph.constant(float(length + 1)), known[part])
                table = [[*map(math.sin, turns), math.nan], [*map(math.cos, turns), math.nan]]
                row = graph.flat(graph.cast(place, np.int64))
                parts.append(graph.add("Gather", graph.constant(np.array(table).T), row))
                names.extend((f"{name}:{part}:sin", f"{name}:{part}:cos"))
    if not parts:
        return Made(Form.NUMBERS, (), "")
    return Made(Form.NUMBERS, tuple(names), graph.side_by_side(parts))


_CONVERTERS: Mapping[str, Converter] = {
    "passthrough": _passthrough,
    "impute": _impute,
    "scale": _scale,
    "clip": _clip,
    "log": _log,
    "quantile": _quantile,
    "bins": _bins,
    "one_hot": _one_hot,
    "one_hot_sparse": _one_hot,
    "ordinal": _ordinal,
    "ordered": _ordered,
    "target_encode": _target_encode,
    "frequency": _frequency,
    "category_pairs": _category_pairs,
    "ratios": _ratios,
    "select_l1": _selected,
    "select_importance": _selected,
    "elapsed": _elapsed,
    "date_parts": _date_parts,
}
