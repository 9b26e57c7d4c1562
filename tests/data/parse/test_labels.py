from __future__ import annotations

import polars as pl

from sevenfold.data.parse.flags import pair_of, read_flags
from sevenfold.data.parse.labels import read_labels, read_text


def problems(reading: object) -> dict[str, list[int]]:
    return {code: mask.arg_true().to_list() for code, mask in reading.problems if mask.any()}  # type: ignore[attr-defined]


def test_labels_lose_blanks_and_keep_case_and_zeros() -> None:
    values = read_labels(pl.Series([" >50K", "00123", "abc ", "ABC"]), {}).values.to_list()
    assert values == [">50K", "00123", "abc", "ABC"]


def test_a_number_never_stands_for_a_padded_code() -> None:
    reading = read_labels(pl.Series([1, 7]), {}, ("001", "007"))
    assert reading.values.to_list() == ["1", "7"]
    assert problems(reading) == {"wrong-type": [0, 1]}


def test_whole_numbers_are_one_label_in_every_writing() -> None:
    levels = ("3", "10")
    for raw in (pl.Series(["3", "10.0", "3.0"]), pl.Series([3, 10, 3]), pl.Series([3.0, 10.0, 3.0])):
        reading = read_labels(raw, {"numeric": True}, levels)
        assert reading.values.to_list() == ["3", "10", "3"]
        assert problems(reading) == {}


def test_unseen_levels_stay_and_are_reported() -> None:
    reading = read_labels(pl.Series(["a", "z", None, "?"]), {}, ("a", "b"))
    assert reading.values.to_list() == ["a", "z", None, None]
    assert problems(reading) == {"unseen-category": [1]}


def test_none_and_unknown_are_levels_but_question_marks_are_missing() -> None:
    assert read_labels(pl.Series(["none", "unknown", "?", "N/A", ""]), {}).values.to_list() == [
        "none",
        "unknown",
        None,
        None,
        None,
    ]
    assert read_labels(pl.Series(["NA", "DE"]), {"kept": ["NA"]}).values.to_list() == ["NA", "DE"]
    assert read_labels(pl.Series(["none", "x"]), {"missing": ["none"]}).values.to_list() == [None, "x"]


def test_case_is_joined_only_where_the_schema_says_so() -> None:
    raw = pl.Series(["SPAIN", "spain", "Spain"])
    assert read_labels(raw, {"ignore_case": True}, ("Spain",)).values.to_list() == ["Spain"] * 3
    assert problems(read_labels(raw, {}, ("Spain",))) == {"unseen-category": [0, 1]}


def test_true_and_false_find_their_level() -> None:
    reading = read_labels(pl.Series([True, False]), {}, ("True", "False"))
    assert reading.values.to_list() == ["True", "False"]


def test_text_keeps_its_inside() -> None:
    assert read_text(pl.Series(["  two  words ", "NA"]), {}).values.to_list() == ["two  words", None]


def test_flags_in_every_writing() -> None:
    parse = {"true": ["yes"], "false": ["no"]}
    raw = pl.Series(["Yes", "NO ", "1", "0.0", "true", "maybe", "", "unknown"])
    reading = read_flags(raw, parse)
    assert reading.values.to_list() == [True, False, True, False, True, None, None, None]
    assert problems(reading) == {"unreadable": [5]}
    assert read_flags(pl.Series([1.0, 0.0, 2.0]), {}).values.to_list() == [True, False, None]
    assert read_flags(pl.Series([1, 0, 2]), {}).values.to_list() == [True, False, None]
    assert read_flags(pl.Series([True, None]), {}).values.to_list() == [True, None]


def test_pairs() -> None:
    assert pair_of(["Yes", "No"]) == ("yes", "no")
    assert pair_of(["F", "T"]) == ("t", "f")
    assert pair_of(["Yes", "No", "Maybe"]) is None
    assert pair_of(["male", "female"]) is None
