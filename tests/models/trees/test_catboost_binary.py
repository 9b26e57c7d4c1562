"""Forged binaries of CatBoost are refused before the library reads them."""

import struct

import numpy as np
import pytest

from sevenfold.core.errors import BundleError
from sevenfold.models.trees.catboost_binary import check_binary
from sevenfold.models.trees.flatbuffer import Buffer


def learned(path, columns=3, levels=(2, 8, 30), classes=0, rounds=6, **settings):
    """A small model of columns of numbers with gaps and of categories, as bytes."""
    import catboost

    stream = np.random.default_rng(0)
    numbers = stream.normal(size=(400, columns)).astype(np.float32)
    numbers[::7, 0] = np.nan
    codes = np.column_stack([stream.integers(0, count, 400) for count in levels]) if levels else None
    score = np.nan_to_num(numbers[:, 0]) + (codes[:, -1] % 3 + codes[:, 0] * numbers[:, 1] if levels else 0)
    answers = score if classes == 0 else np.argsort(np.argsort(score)) * classes // 400
    named = None if codes is None else np.array([[str(code).encode() for code in row] for row in codes], dtype=object)
    pool = catboost.Pool(catboost.FeaturesData(num_feature_data=numbers, cat_feature_data=named), answers)
    loss = {0: "RMSE", 2: "Logloss"}.get(classes, "MultiClass")
    learner = catboost.CatBoost(
        {"loss_function": loss, "iterations": rounds, "depth": 4, "allow_writing_files": False, "thread_count": 1,
         "logging_level": "Silent", "max_ctr_complexity": 2, "random_seed": 1, **settings}
    )  # fmt: skip
    learner.fit(pool)
    learner.save_model(str(path))
    return path.read_bytes()


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    return learned(tmp_path_factory.mktemp("catboost") / "m.cbm")


@pytest.mark.parametrize(
    ("options", "outputs"),
    [
        ({"classes": 2, "rounds": 25}, 1),
        ({"classes": 3}, 3),
        ({"levels": ()}, 1),
        ({"levels": (2, 2)}, 1),
        ({"columns": 2, "levels": (300,), "rounds": 40, "depth": 6}, 1),
    ],
)
def test_what_the_library_writes_passes(tmp_path, options, outputs):
    check_binary(learned(tmp_path / "m.cbm", **options), outputs)


def trees_of(content):
    """The table of the trees, its place in the file, and the place of a field's vector."""
    buffer = Buffer(content[8 : 8 + struct.unpack_from("<I", content, 4)[0]])
    return buffer.root().table(1)


def replaced(content, field, at, form, value):
    """The file with one entry of a vector of the trees changed."""
    start = 8 + trees_of(content)._target(field) + 4
    made = bytearray(content)
    struct.pack_into("<" + form, made, start + at * struct.calcsize(form), value)
    assert bytes(made) != content
    return bytes(made)


@pytest.mark.parametrize(
    ("field", "at", "form", "value", "match"),
    [
        (1, 0, "i", 2**31 - 1, "splits that are none"),
        (1, 3, "i", -1, "splits that are none"),
        (2, 0, "i", 30, "depths"),
        (2, 0, "i", -1, "depths"),
        (2, 0, "i", 3, "places of trees"),
        (3, 1, "i", 999, "places of trees"),
        (8, 0, "d", float("nan"), "values of leaves"),
        (8, 5, "d", float("inf"), "values of leaves"),
        (8, -1, "i", 3, "values of leaves|outside"),
        (9, -1, "i", 3, "weights"),
        (1, -1, "i", 2**31 - 1, "outside"),
    ],
)
def test_trees_whose_numbers_do_not_fit_together_are_refused(content, field, at, form, value, match):
    with pytest.raises(BundleError) as caught:
        check_binary(replaced(content, field, at, form, value), 1)
    assert any(part in caught.value.received for part in match.split("|")), caught.value.received


def statistics(content):
    """Where the tables of statistics start, and the parts of the first one."""
    start = 8 + struct.unpack_from("<I", content, 4)[0] + 4
    size = struct.unpack_from("<I", content, start)[0]
    table = Buffer(content[start + 4 : start + 4 + size]).root()
    return start + 4, table


def test_statistics_that_lead_outside_are_refused(content):
    start, table = statistics(content)
    hashes = start + table._target(1) + 4
    buckets = np.frombuffer(table.array(1, "u1").tobytes(), [("hash", "<u8"), ("index", "<u4")])
    full = int(np.flatnonzero(buckets["hash"] != 2**64 - 1)[0])
    made = bytearray(content)
    struct.pack_into("<I", made, hashes + 12 * full + 8, 2**31)
    with pytest.raises(BundleError) as caught:
        check_binary(bytes(made), 1)
    assert caught.value.received == "statistics that are none"
    endless = bytearray(content)
    for number in range(len(buckets)):
        struct.pack_into("<Q", endless, hashes + 12 * number, number)
    with pytest.raises(BundleError) as caught:
        check_binary(bytes(endless), 1)
    assert caught.value.received == "a table of hashes without an end"
    for claimed in (1, 7, 2**31 - 1):
        cut = bytearray(content)
        struct.pack_into("<I", cut, hashes - 4, claimed)
        with pytest.raises(BundleError):
            check_binary(bytes(cut), 1)


@pytest.mark.parametrize("outputs", [2, 3])
def test_another_number_of_classes_is_refused(content, outputs):
    with pytest.raises(BundleError):
        check_binary(content, outputs)


def test_every_cut_and_every_addition_is_refused(content):
    for end in range(0, len(content), 61):
        with pytest.raises(BundleError):
            check_binary(content[:end], 1)
    with pytest.raises(BundleError):
        check_binary(content + b"\x00", 1)


def test_any_bytes_are_read_or_refused(content):
    stream = np.random.default_rng(3)
    for _ in range(300):
        made = bytearray(content)
        for at in stream.integers(4, len(made), 3):
            made[at] = stream.integers(256)
        try:
            check_binary(bytes(made), 1)
        except BundleError:
            continue
