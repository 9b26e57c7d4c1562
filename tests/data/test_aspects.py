"""Aspects of texts, ids and pictures: the shares of new rows are those that training expects."""

import io

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.core.dataset import Column, Kind
from sevenfold.data.aspects import MARKS, learn, new_ids, new_words, pictures, with_aspects
from sevenfold.data.profile import ColumnProfile, profile_column


def texts(rows, seed, extra=()):
    stream = np.random.default_rng(seed)
    words = [f"w{i}" for i in range(300)]
    chances = 1 / np.arange(1, 301)
    drawn = stream.choice(words, (rows, 8), p=chances / chances.sum())
    return pl.Series("t", [" ".join([*row, *extra]) for row in drawn])


def test_texts_of_the_same_kind_have_as_many_new_words_as_training_expects():
    remembered, aspects = learn(texts(1000, 0), Kind.TEXT)
    live = new_words(texts(1000, 1), remembered["words"])
    assert live.mean() == pytest.approx(aspects["new words"].mean(), abs=0.01)
    other = new_words(texts(1000, 1, extra=("unheard", "of")), remembered["words"])
    assert other.mean() > live.mean() + 0.15


def test_ids_of_the_same_kind_have_as_many_new_ones_as_training_expects():
    stream = np.random.default_rng(0)
    drawn = pl.Series("u", [f"u{i}" for i in stream.zipf(1.5, 40_000)])
    train, live = drawn[:20_000], drawn[20_000:]
    remembered, aspects = learn(train, Kind.ID)
    assert len(remembered["marks"]) <= MARKS
    fresh = new_ids(live, remembered["marks"], remembered["share"]).drop_nulls()
    truth = (~live.is_in(train.implode())).mean()
    assert aspects["new ids"].mean() == pytest.approx(truth, abs=0.03)
    assert fresh.mean() == pytest.approx(truth, abs=0.03)
    assert new_ids(pl.Series([f"x{i}" for i in range(5000)]), remembered["marks"], remembered["share"]).mean() == 1


@given(st.lists(st.none() | st.text(max_size=8), max_size=20))
def test_any_text_is_taken(values):
    series = pl.Series("t", values, dtype=pl.String)
    shares = new_words(series, ("a", "b"))
    assert len(shares) == len(values)
    assert shares.drop_nulls().is_between(0, 1).all()
    assert len(new_ids(series, (1, 2), 0.5)) == len(values)


def picture(value, side=8):
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("L", (side, side), value).save(buffer, "PNG")
    return buffer.getvalue()


def test_pictures_tell_brightness_and_size_and_broken_ones_nothing():
    found = pictures(pl.Series([picture(40), picture(200, 20), None, b"no picture", b""], dtype=pl.Binary))
    assert found["brightness"].to_list() == [40, 200, None, None, None]
    assert found["side"].to_list() == [8, 20, None, None, None]
    assert found["contrast"].to_list()[:2] == [0, 0]


def test_aspects_stand_beside_their_columns_and_logged_ones_are_kept():
    table = pl.DataFrame({"p": ["digest"], "p: brightness": [3.0], "t": ["new old"], "n": [1.0]})
    made = with_aspects(table, {"p": {"pictures": True}, "t": {"words": ("old",)}, "away": {"words": ("x",)}})
    assert made.columns == [*table.columns, "t: new words"]
    assert made["t: new words"].to_list() == [0.5]


@pytest.mark.parametrize(
    ("series", "kind"),
    [
        (texts(50, 0), Kind.TEXT),
        (pl.Series("u", [f"u{i % 9}" for i in range(50)]), Kind.ID),
        (pl.Series("p", [picture(i) for i in range(20)], dtype=pl.Binary), Kind.IMAGE),
        (pl.Series("e", [None, None], dtype=pl.String), Kind.TEXT),
        (pl.Series("e", [None, None], dtype=pl.String), Kind.ID),
    ],
)
def test_a_profile_with_aspects_survives_json(series, kind):
    import json

    made = profile_column(series, Column(series.name, kind))
    assert ColumnProfile.from_json(json.loads(json.dumps(made.to_json()))) == made
    assert bool(made.aspects) == (series.null_count() < len(series))


def test_a_profile_of_an_older_version_is_read():
    plain = profile_column(pl.Series("n", [1.0, 2.0]), Column("n", Kind.NUMBER)).to_json()
    del plain["aspects"], plain["remembered"]
    assert ColumnProfile.from_json(plain).aspects == {}
