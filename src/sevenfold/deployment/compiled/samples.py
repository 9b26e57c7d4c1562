"""Records that a compiled form is tried on before it is used: typical ones, and strange ones made from them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sevenfold.core.dataset import Column, Kind, Schema

if TYPE_CHECKING:
    import polars as pl

_TYPICAL = 24
_STRANGE_TEXT = ("", " 7 ", "1e400", "never seen", "\u00a0ÀÉ ß")
_STRANGE: Mapping[Kind, tuple[tuple[Any, ...], ...]] = {
    Kind.NUMBER: ((0.0, -0.0, 1e300, -1e300, 5e-324, math.inf, -math.inf, math.nan), (7, -3, 10**30, 0)),
    Kind.FLAG: ((True, False), (1, 0, 2)),
    Kind.CATEGORY: (("never seen",), (3, 12, -1)),
    Kind.TEXT: (("x y", "A1 2,500.5!", "Straße ⅷ 7"), (3, 4)),
    Kind.ID: (("never seen",), (3, 4)),
    Kind.DATE: (("2020-02-30", "2021-03-04", "2021-03-04 05:06:07"), (20200102,)),
}


def sample_records(schema: Schema, sources: Mapping[str, str], typical: pl.DataFrame) -> list[list[dict[str, Any]]]:
    """Batches of records; within a batch each column's values have one type, or next to one.

    Args:
        schema: columns of a record.
        sources: the name of each in a record.
        typical: typed rows.
    """
    rows = typical.head(_TYPICAL).to_dicts()
    named = [_named(row, sources) for row in rows] or [dict.fromkeys(sources.values())]
    around = [
        {name: math.nextafter(v, toward) if type(v) is float else v for name, v in row.items()}
        for row in named[:6]
        for toward in (math.inf, -math.inf)
    ]
    nothing: dict[str, Any] = dict.fromkeys(sources.values())
    holed = [{name: None if (place + row) % 3 else v for place, (name, v) in enumerate(named[row].items())}
             for row in range(min(3, len(named)))]  # fmt: skip
    batches = [[*named, *around, nothing, *holed]]
    texts = [{name: None if v is None else _spelled(v) for name, v in row.items()} for row in named[:8]]
    texts += [dict.fromkeys(sources.values(), text) for text in _STRANGE_TEXT]
    texts.append({sources[column.name]: _level(column) for column in schema})
    batches.append(texts)
    for kind_of_value in range(2):
        strange = _strange(schema, sources, kind_of_value, named[0])
        if strange:
            batches.append(strange)
    return batches


def _named(row: Mapping[str, Any], sources: Mapping[str, str]) -> dict[str, Any]:
    return {sources[name]: value for name, value in row.items() if name in sources}


def _spelled(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if not isinstance(value, bytes | list) else value


def _level(column: Column) -> str | None:
    return column.levels[-1] if column.levels else None


def _strange(schema: Schema, sources: Mapping[str, str], which: int, usual: dict[str, Any]) -> list[dict[str, Any]]:
    """Values that a column of each kind should not hold, of the type that `which` names."""
    chosen = {
        sources[column.name]: found[which] for column in schema if len(found := _STRANGE.get(column.kind, ())) > which
    }
    count = max(map(len, chosen.values()), default=0)
    return [{**usual, **{name: values[row % len(values)] for name, values in chosen.items()}} for row in range(count)]
