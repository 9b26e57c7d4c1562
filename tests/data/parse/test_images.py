from __future__ import annotations

import polars as pl

from sevenfold.data.parse.images import read_images
from sevenfold.data.parse.sequences import read_sequences

PNG = b"\x89PNG\r\n\x1a\n rest"


def test_pictures_pass_and_other_bytes_do_not() -> None:
    reading = read_images(pl.Series([PNG, b"hello", None, b"\xff\xd8\xff\xe0"]), {})
    assert reading.values.to_list() == [PNG, None, None, b"\xff\xd8\xff\xe0"]
    assert reading.problems[0][1].to_list() == [False, True, False, False]
    assert read_images(pl.Series(["a.png"]), {}).problems[0][0] == "wrong-type"


def test_sequences_in_every_writing() -> None:
    expected = [[1.0, 2.5], [], None]
    assert read_sequences(pl.Series([[1.0, 2.5], [], None]), {}).values.to_list() == expected
    assert read_sequences(pl.Series(["[1, 2.5]", "[]", None]), {}).values.to_list() == expected
    assert read_sequences(pl.Series([[1, 2]], dtype=pl.Array(pl.Int64, 2)), {}).values.to_list() == [[1.0, 2.0]]
    reading = read_sequences(pl.Series(["[1, x]", "[1]"]), {})
    assert reading.values.to_list() == [None, [1.0]]
    assert reading.problems[0][1].to_list() == [True, False]
