"""The short ways of single values find what the vectorised readers find."""

import math
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.core.dataset import Column, Kind
from sevenfold.data.parse.quick import Unclean
from sevenfold.deployment.compiled.values import ValueReader

COLUMNS = {
    "composite": Column("torque 2", Kind.NUMBER, parse={"from": "torque", "nth": 2}),
    "measured": Column("weight", Kind.NUMBER, parse={"units": {"kg": 1.0, "g": 0.001, "km/kg": 2.0}}),
    "label": Column("town", Kind.CATEGORY, levels=("Bonn", "Köln", "7")),
    "number label": Column("code", Kind.CATEGORY, levels=("1", "2"), parse={"numeric": True}),
    "any case": Column("town", Kind.CATEGORY, levels=("BONN", "Bonn", "Köln", "7"), parse={"ignore_case": True}),
    "money": Column("price", Kind.NUMBER, parse={"prefixes": ["eur", "$"], "thousands": ","}),
    "grouped": Column("price", Kind.NUMBER, parse={"thousands": ",", "brackets": True, "units": {"k": 1000.0}}),
    "days": Column("day", Kind.DATE, parse={"formats": ["%d/%m/%Y", "%Y-%m-%d", "%b %d, %Y"]}),
    "times": Column(
        "day", Kind.DATE, parse={"formats": ["%d. %B %Y %H:%M", "%m-%d-%Y", "%d-%m-%Y", "%Y%m%d", "%d/%m/%y"]}
    ),
    "any day": Column("day", Kind.DATE),
}
DATES = st.builds(
    lambda day, form, month, pad: day.strftime(form).replace("{b}", month).replace("/0", pad),
    st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)),
    st.sampled_from(
        [
            "%d/%m/%Y", "%Y-%m-%d", "{b} %d, %Y", "%d. {b} %Y %H:%M", "%m-%d-%Y", "%Y%m%d", "%d/%m/%y",
            "%d/%m/%Y %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%dT%H:%M:%SZ",
            "%H:%M", "%Y-%d-%m",
        ]
    ),
    st.sampled_from(["Jan", "feb", "MAY", "Sept", "June", "december", "Foo", "März"]),
    st.sampled_from(["/0", "/", "/ "]),
)  # fmt: skip
VALUES = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        [
            "190Nm@ 2000rpm", "22.4 kgm at 1750-2750rpm", "1,900 Nm @ -3", "no number", "7", "  5 and 6 ", "5\x0b6",
            "72.5 kg", "72.5  KG", "9g", "+3 km/kg", "1e2 g", "1e400 kg", "kg", "5 kg kg", "1.5.2 g", "5\u00a0kg",
            "Bonn", "bonn", "BONN", "bOnN", "KÖLN", "1,234.5", "EUR 1,234", "-$5", "$ -5", "eur", "$1,23", "12,34,567",
            "1,2", "(1,234)", "$1e3", "+ EUR7", "EUR\u00a07", "$.5", "1,234k", "31/02/2024", "30/12/99", "29/02/2023",
            "Ulm", " Ulm", "NA", "n/a", "", "Köln", "Zürich", "x\ud800y", "3", "3.0", "03", "a" * 90,
        ]
    ),
    st.builds(
        "{}{}{}{}".format,
        st.sampled_from(["", "-", "+", " "]),
        st.floats(0, 1e6).map(lambda v: f"{v:.3g}"),
        st.sampled_from(["", " ", "\t", "  "]),
        st.sampled_from(["kg", "g", "Nm@ 20", "km/kg", "k", ", 7"]),
    ),
    DATES,
)  # fmt: skip


@pytest.mark.parametrize("name", COLUMNS)
@settings(max_examples=300, deadline=None, derandomize=True)
@given(value=VALUES)
def test_short_and_careful_agree(name: str, value: str) -> None:
    column = COLUMNS[name]
    reader = ValueReader.of(column, is_number=column.kind is Kind.NUMBER and "from" not in column.parse)
    careful = ValueReader(column, reader.quick, reader.is_number)
    expected, problems = careful.careful(value)
    odd = reader.odd(value) if reader.odd is not None else None
    if odd is not None:
        assert odd == (expected, problems)
    try:
        found = reader.quick(value)
    except Unclean:
        return
    assert not problems
    assert found == expected or (isinstance(found, float) and math.isnan(found) and math.isnan(expected))


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("composite", "190Nm@ 2,000rpm", 2000.0),
        ("measured", "500 G", 0.5),
        ("measured", "3 km/kg", 6.0),
        ("money", "EUR 1,234.5", 1234.5),
        ("money", "-$12", -12.0),
        ("any case", "bonn", "BONN"),
        ("days", "05/03/2020", datetime(2020, 3, 5)),
        ("days", "Mar 5, 2020", datetime(2020, 3, 5)),
        ("times", "5. march 2020 07:08", datetime(2020, 3, 5, 7, 8)),
        ("any day", "2020-03-05 07:08:09", datetime(2020, 3, 5, 7, 8, 9)),
    ],
)
def test_plain_ones_take_the_short_way(name: str, value: str, found: object) -> None:
    column = COLUMNS[name]
    is_number = column.kind is Kind.NUMBER and "from" not in column.parse
    assert ValueReader.of(column, is_number).quick(value) == found


def test_labels_never_seen_take_the_short_way() -> None:
    reader = ValueReader.of(COLUMNS["label"], is_number=False)
    assert reader.odd is not None
    assert reader.odd("Ulm") == ("Ulm", (("unseen-category", "Ulm"),))
    assert reader.odd("Bonn") is None
    assert reader.odd(" Ulm") is None
