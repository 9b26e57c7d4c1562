"""Columns whose kind is given: by the user, or by the role they play."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sevenfold.core.dataset import Column, Kind
from sevenfold.data.infer.evidence import Evidence, percent
from sevenfold.data.infer.labels import category, identity, levels_of, text
from sevenfold.data.infer.typed import decide
from sevenfold.data.parse import date_formats, notation
from sevenfold.data.parse.flags import pair_of

ROLE_KINDS: Mapping[str, Kind] = {
    **dict.fromkeys(("user", "item"), Kind.ID),
    **dict.fromkeys(("source", "context", "question", "text"), Kind.TEXT),
    "image": Kind.IMAGE,
}
"""The kind that a role asks for; other roles leave the kind as inferred."""


def forced(evidence: Evidence, kind: Kind, why: str) -> Column:
    """The column as `kind`, with whatever reading it as that needs; always used."""
    inferred = decide(evidence)
    if inferred.kind is kind:
        return replace(inferred, used=True, reason=f"{why}; {inferred.reason}")
    made = _MAKERS[kind](evidence)
    return replace(made, used=True, reason=f"{why}, against '{inferred.kind}' ({inferred.reason})")


def _number(evidence: Evidence) -> Column:
    parse: dict[str, Any] = {}
    note = ""
    if evidence.raw.dtype.is_numeric() is False:
        values = evidence.values
        found = notation.recognise(values.get_column("value"), values.get_column("rows"))
        parse, note = dict(found.parse), f"{percent(found.share)} of the values read as numbers"
    return Column(evidence.name, Kind.NUMBER, note, parse)


def _date(evidence: Evidence) -> Column:
    values = evidence.values
    if evidence.raw.dtype.is_numeric():
        top = float(evidence.raw.cast(float).drop_nulls().abs().median() or 0)  # type: ignore[arg-type]
        unit = "s" if top < 1e11 else "ms" if top < 1e14 else "us"
        return Column(evidence.name, Kind.DATE, parse={"epoch": unit})
    found = date_formats.recognise(values.get_column("value"), values.get_column("rows"))
    return Column(evidence.name, Kind.DATE, parse=found.parse if found else {})


def _flag(evidence: Evidence) -> Column:
    levels = levels_of(evidence, {})
    pair = pair_of(levels)
    if pair:
        return Column(evidence.name, Kind.FLAG, parse={"true": [pair[0]], "false": [pair[1]]}, levels=("false", "true"))
    words = [level.lower() for level in levels]
    if len(set(words)) == 2 and set(words) != {"0", "1"}:
        # No wording of yes and no: the rarer one is what the flag marks.
        yes, no = words[-1], next(word for word in words if word != words[-1])
        return Column(evidence.name, Kind.FLAG, parse={"true": [yes], "false": [no]}, levels=("false", "true"))
    return Column(evidence.name, Kind.FLAG, levels=("false", "true"))


_MAKERS: Mapping[Kind, Callable[[Evidence], Column]] = {
    Kind.NUMBER: _number,
    Kind.CATEGORY: category,
    Kind.FLAG: _flag,
    Kind.DATE: _date,
    Kind.TEXT: lambda evidence: text(evidence, ""),
    Kind.IMAGE: lambda evidence: Column(evidence.name, Kind.IMAGE),
    Kind.ID: lambda evidence: identity(evidence, "", used=True),
    Kind.SEQUENCE: lambda evidence: Column(evidence.name, Kind.SEQUENCE),
}
