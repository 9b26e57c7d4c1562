from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.core.dataset import Column, Kind, Schema
from sevenfold.core.errors import DataError, RequestError
from sevenfold.data.clean import conform
from sevenfold.data.infer import infer


def column(values: list[object], name: str = "x", **options: object) -> Column:
    return infer(pl.DataFrame({name: values}, strict=False), **options)[name]  # type: ignore[arg-type]


def random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_plain_numbers() -> None:
    found = column(["1.5", "2", " 3 ", "?", "NA"] * 10)
    assert (found.kind, found.used) == (Kind.NUMBER, True)
    assert "40 % missing" in found.reason
    assert "'?'" in found.reason


def test_numbers_with_a_few_words_are_numbers_and_say_so() -> None:
    values = [str(i % 150) for i in range(200)] + ["broken"]
    found = column(values, "size")
    assert found.kind is Kind.NUMBER
    assert "read as numbers" in found.reason


def test_one_repeated_word_among_numbers_is_a_code_of_missing() -> None:
    values = [str(1.5 * i) for i in range(100)] + ["absent"] * 15
    found = column(values)
    assert found.kind is Kind.NUMBER
    assert found.parse["missing"] == ["absent"]


def test_levels_that_are_partly_numbers_stay_levels() -> None:
    found = column(["1 car", "2 cars", "3 to 4", "more than 4"] * 5 + ["1 car"] * 200)
    assert found.kind is Kind.CATEGORY
    assert found.parse["order"] == ["1 car", "2 cars", "3 to 4", "more than 4"]
    assert column(["none", "1", "2"] * 10).kind is Kind.CATEGORY


@pytest.mark.parametrize(
    ("values", "parse"),
    [
        (["1,248 CC", "998 CC", "1,197 CC", "796 CC"], {"units": {"cc": 1.0}, "thousands": ","}),
        (["12 %", "13 %", "14.5 %"], {"units": {"%": 1.0}}),
        (["$1,200.50", "$1.00", "$17.25"], {"prefixes": ["$"], "thousands": ","}),
        (["1.234,56", "0,5", "12,75"], {"decimal": ",", "thousands": "."}),
    ],
)
def test_written_numbers(values: list[str], parse: dict[str, object]) -> None:
    found = column(values * 10)
    assert (found.kind, dict(found.parse)) == (Kind.NUMBER, parse)


def test_units_that_differ_are_told() -> None:
    reason = column(["23.4 kmpl"] * 50 + ["21 kmpl", "17.3 km/kg"] * 3).reason
    assert "'km/kg'" in reason
    assert "without conversion" in reason


def test_leading_zeros_make_a_category() -> None:
    found = column(["00123", "00456", "10000"] * 10)
    assert found.kind is Kind.CATEGORY
    assert set(found.levels) == {"00123", "00456", "10000"}
    assert "leading zeros" in found.reason


def test_row_keys() -> None:
    assert column([str(i) for i in range(1, 101)]).kind is Kind.ID
    assert column(list(range(1000, 1100))).kind is Kind.ID
    assert column(random().permutation(500).tolist()).kind is Kind.ID
    assert column([f"{a}-{b}" for a in range(10) for b in "ABCDEFGHIJ"], "customer_id").kind is Kind.ID
    found = column([int(v) for v in random().integers(10**6, 10**7, 200)], "PassengerId")
    assert (found.kind, found.used) == (Kind.ID, False)


def test_measurements_are_no_row_keys() -> None:
    assert column(random().normal(size=300).tolist()).kind is Kind.NUMBER
    assert column([int(v) for v in random().integers(10**4, 10**7, 200)], "area").kind is Kind.NUMBER
    assert column(list(range(1950, 2021)), "year").kind is Kind.NUMBER
    assert column(list(range(8)), "step").kind is Kind.NUMBER
    assert column(sorted(int(v) for v in random().integers(0, 10**6, 200)), "price").kind is Kind.NUMBER


def test_the_target_is_never_set_aside() -> None:
    assert column(list(range(100)), target="x").kind is Kind.NUMBER
    assert column(list(range(100)), target="x").used


def test_named_codes_are_categories_and_counts_are_numbers() -> None:
    assert column([10115, 80331, 20095] * 20, "zip_code").kind is Kind.CATEGORY
    assert column([1, 2, 3] * 20, "PULocationID").kind is Kind.CATEGORY
    assert column([1, 2, 3] * 20, "rooms").kind is Kind.NUMBER
    assert column([1, 2, 3] * 20, "grid").kind is Kind.NUMBER


def test_codes_are_known_by_their_distribution_where_several_agree() -> None:
    draw = random()
    codes = {
        name: draw.choice(draw.integers(1000, 300_000, 150), 5_000, p=draw.dirichlet(np.ones(150) * 0.3))
        for name in "abc"
    }
    amounts = {
        "salary": np.round(draw.lognormal(10, 0.5, 5_000), -2).astype(int),
        "seconds": draw.poisson(30_000, 5_000),
        "views": (draw.pareto(1.2, 5_000) * 100).astype(int),
        "capital": np.where(draw.random(5_000) < 0.9, 0, draw.choice(draw.integers(1000, 99_999, 80), 5_000)),
    }
    schema = infer(pl.DataFrame({**codes, **amounts}))
    assert {c.name: str(c.kind) for c in schema} == {
        **dict.fromkeys("abc", "category"),
        **dict.fromkeys(amounts, "number"),
    }


def test_flags() -> None:
    for values in (["yes", "no"], ["Y", "N"], ["true", "False"], ["0", "1"], [0, 1], [0.0, 1.0], [True, False]):
        assert column(values * 20).kind is Kind.FLAG, values
    assert column(["yes", "no", "no service"] * 20).kind is Kind.CATEGORY
    assert column([0, 1] * 15_000 + [2]).kind is Kind.NUMBER


def test_dates() -> None:
    days = [(dt.date(2019, 1, 1) + dt.timedelta(days=i)) for i in range(60)]
    for form in ("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d %b %Y", "%Y%m%d"):
        assert column([day.strftime(form) for day in days]).kind is Kind.DATE, form
    assert column(list(days)).kind is Kind.DATE
    found = column([874_965_758 + 1000 * i for i in range(50)], "timestamp")
    assert (found.kind, dict(found.parse)) == (Kind.DATE, {"epoch": "s"})
    assert column([874_965_758 + 1000 * i for i in range(50)], "revenue").kind is Kind.NUMBER
    assert column(["16:11:55", "07:00:01"] * 10).parse == {"clock": True}


def test_words() -> None:
    draw = random()
    vocabulary = np.array(["the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "seven", "men", "run"])
    sentences = [" ".join(draw.choice(vocabulary, 8)) for _ in range(200)]
    assert column(sentences).kind is Kind.TEXT
    phrases = ["existing credits paid back duly till now", "critical account of other credits here"]
    assert column(phrases * 50).kind is Kind.CATEGORY
    assert column(["red", "green", "blue"] * 20).kind is Kind.CATEGORY
    spellings = column(["Spain", "SPAIN", "spain ", "France", "Italy", "France"] * 20)
    assert spellings.parse["ignore_case"] is True
    assert [level.lower() for level in spellings.levels] == ["spain", "france", "italy"]


def test_two_letter_codes_keep_namibia() -> None:
    codes = ["DE", "FR", "NA", "IT", "ES", "PT", "GB", "IE", "NL", "BE", "LU", "CH", "AT", "PL", "CZ", "SK", "HU", "RO"]
    found = column([*codes, "BG", "GR", "SE", "NO"] * 5)
    assert "NA" in found.levels
    assert "NA" not in column(["DE", "FR", "NA"] * 5).levels


def test_constants_and_empty_columns_are_set_aside() -> None:
    for values in (["a"] * 30, [3] * 30, [2.5] * 30, [True] * 30, [None] * 30, ["", "?", " "] * 10, ["NA"] * 30):
        assert not column(values).used, values
    assert column(["a", None] * 30).used
    assert not column([dt.date(2020, 1, 1)] * 5).used


def test_typed_columns() -> None:
    png = b"\x89PNG\r\n\x1a\n rest"
    frame = pl.DataFrame(
        {
            "decimal": [Decimal("1.5"), Decimal("2.5"), None],
            "duration": [dt.timedelta(1), dt.timedelta(2), None],
            "image": [png, png, None],
            "bytes": [b"abc", b"de", b"abc"],
            "list": [[1.0], [2.0, 3.0], []],
            "words": [["a", "b"], ["c"], []],
            "null": [None, None, None],
            "struct": [{"a": 1}, {"a": 2}, {"a": 3}],
            "infinite": [float("inf"), 1.5, float("nan")],
            "level": pl.Series(["x", "y", "x"], dtype=pl.Categorical),
            "enum": pl.Series(["x", "y", "x"], dtype=pl.Enum(["x", "y", "z"])),
        }
    )
    kinds = {c.name: str(c.kind) for c in infer(frame)}
    assert kinds == {
        "decimal": "number",
        "duration": "number",
        "image": "image",
        "bytes": "category",
        "list": "sequence",
        "words": "text",
        "null": "category",
        "struct": "text",
        "infinite": "number",
        "level": "category",
        "enum": "category",
    }
    assert conform(frame, infer(frame)).table.height == 3


def test_overrides_and_roles() -> None:
    frame = pl.DataFrame({"a": ["1", "2", "3"] * 10, "b": ["x", "y", "z"] * 10, "t": ["1,5", "2", "x"] * 10})
    schema = infer(frame, kinds={"a": "category", "t": "number"}, roles={"user": "b"})
    assert schema["a"].levels == ("1", "2", "3")
    assert schema["t"].parse["decimal"] == ","
    assert schema["b"].kind is Kind.ID
    assert schema["b"].used
    with pytest.raises(RequestError, match="Did you mean 'category'"):
        infer(frame, kinds={"a": "categorie"})
    with pytest.raises(RequestError, match="unknown"):
        infer(frame, kinds={"q": "category"})
    with pytest.raises(RequestError, match="unknown"):
        infer(frame, roles={"user": "q"})
    with pytest.raises(DataError):
        infer(pl.DataFrame())


def test_every_override_gives_its_kind_and_conforms() -> None:
    frame = pl.DataFrame({"a": ["1", "2", "x", None] * 5, "n": [1, 0, 1, None] * 5})
    for kind in Kind:
        schema = infer(frame, kinds={"a": str(kind), "n": str(kind)})
        assert [c.kind for c in schema] == [kind, kind]
        assert conform(frame, schema).table.height == 20


def test_strange_column_names_and_no_rows() -> None:
    frame = pl.DataFrame({'we"ird \n[x]{y}:,': ["1"], "": ["a"]})
    assert list(infer(frame).names) == frame.columns
    assert len(infer(frame.head(0))) == 2


def test_csv_and_typed_columns_give_the_same_kinds_and_tables() -> None:
    draw = random()
    typed = pl.DataFrame(
        {
            "whole": draw.integers(0, 50, 300),
            "real": draw.normal(size=300).round(4),
            "flag": draw.integers(0, 2, 300),
            "word": draw.choice(["a", "b", "c"], 300),
            "zip_code": draw.choice([10115, 80331, 20095], 300),
            "day": [dt.date(2020, 1, 1) + dt.timedelta(days=int(d)) for d in draw.integers(0, 900, 300)],
            "moment": [dt.datetime(2020, 1, 1) + dt.timedelta(seconds=int(d)) for d in draw.integers(0, 10**8, 300)],
            "yes": draw.random(300) < 0.5,
            "key_id": np.arange(300),
        }
    ).with_columns(pl.when(pl.int_range(pl.len()) % 7 > 0).then(pl.col("real")).alias("real"))
    text = pl.read_csv(typed.write_csv().encode(), infer_schema=False)
    left, right = infer(typed), infer(text)
    assert {c.name: (c.kind, c.used) for c in left} == {c.name: (c.kind, c.used) for c in right}
    tables = [conform(frame, schema).table for frame in (typed, text) for schema in (left, right)]
    assert all(table.equals(tables[0]) for table in tables)


CELLS = st.none() | st.sampled_from(
    ["", "?", "NA", "1", "2.5", "1,5", "yes", "no", "a", "b c d e", "2019-01-02", "007"]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=30))
def test_any_strings_have_a_schema_that_reads_them(rows: list[tuple[str | None, str | None]]) -> None:
    frame = pl.DataFrame(rows, schema={"a": pl.String, "b": pl.String}, orient="row")
    schema = infer(frame, target="b")
    assert all(c.reason for c in schema)
    assert Schema.from_json(schema.to_json()) == schema
    conformed = conform(frame, schema)
    unreadable = sum(count for codes in conformed.counts.values() for count in codes.values())
    assert unreadable <= 0.2 * 2 * len(rows)


def test_inference_is_the_same_every_time() -> None:
    frame = pl.DataFrame({"a": random().choice(["x", "y", "z"], 30_000), "b": random().normal(size=30_000)})
    assert infer(frame) == infer(frame)


def test_composites_are_split_into_their_numbers() -> None:
    draw = random()
    torque = [f"{a}Nm@ {b},{c}00rpm" for a, b, c in draw.integers(1, 10, (200, 3)) * [40, 1, 1]]
    torque[::20] = ["22.4 kgm at 1750-2750rpm"] * 10
    place = [f"{a:.4f}, {b:.4f}" for a, b in draw.normal(40, 5, (200, 2))]
    frame = pl.DataFrame({"torque": torque, "place": place})
    schema = infer(frame)
    assert list(schema.names) == ["torque", "torque 1", "torque 2", "place", "place 1", "place 2"]
    assert (schema["torque"].used, schema["place"].used) == (True, False)
    result = conform(frame, schema)
    assert result.violations == ()
    assert result.table.get_column("torque 1")[0] == 22.4
    assert result.table.get_column("torque 2")[0] == 1750.0
    assert result.table.get_column("place 2").to_list() == [float(text.split(", ")[1]) for text in place]
    assert conform(result.table, schema).table.equals(result.table)


def test_versions_phones_ranges_and_addresses_are_not_split() -> None:
    draw = random()
    kinds = {
        "version": [".".join(map(str, parts)) for parts in draw.integers(0, 9, (200, 3))],
        "phone": [f"{a}-{b}" for a, b in draw.integers(100, 999, (200, 2))],
        "product": [f"X{a} {b}GB" for a, b in draw.integers(1, 99, (200, 2))],
        "address": [f"{a} {chr(97 + b)}{chr(97 + c)} street" for a, b, c in draw.integers(1, 26, (200, 3))],
    }
    assert list(infer(pl.DataFrame(kinds)).names) == list(kinds)


def test_flags_in_mixed_writing_and_infinities_among_numbers() -> None:
    mixed = column(["1", "true", "False", "TRUE", "0"] * 10)
    assert (mixed.kind, set(mixed.levels)) == (Kind.FLAG, {"true", "false"})
    assert column(["1", "2", "inf", "-inf"] * 10).kind is Kind.NUMBER
    assert column([f"{i:05}" for i in range(500, 900)], "zip").kind is Kind.CATEGORY
