"""Bundles that somebody damaged or forged: each is refused with a BundleError, in this process."""

import io
import json
import struct
import zipfile

import numpy as np
import pytest
from hostile import cut, flip, insert, rezipped, strange, swap
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_parts import PARTS, contents

from sevenfold.core.errors import BundleError
from sevenfold.deployment.archive import read_archive, write_archive
from sevenfold.deployment.bundle import encode, load, save

WHOLE = encode(contents(rows=60, members=1))


@pytest.fixture
def refused(tmp_path):
    def check(content, match="."):
        path = tmp_path / "m.sevenfold"
        path.write_bytes(content)
        with pytest.raises(BundleError, match=match):
            load(path, parts=PARTS)

    return check


def unpacked(tmp_path):
    path = tmp_path / "whole.sevenfold"
    path.write_bytes(WHOLE)
    manifest, members, _ = read_archive(path)
    del manifest["members"]
    return manifest, members


def changed_are_refused(refused, change, count, seed):
    stream = np.random.default_rng(seed)
    for _ in range(count):
        content = change(WHOLE, stream)
        if content != WHOLE:
            refused(content)


def test_200_flipped_bits_are_all_refused(refused):
    changed_are_refused(refused, flip, 200, 1)


def test_100_cuts_and_additions_are_all_refused(refused):
    changed_are_refused(refused, cut, 50, 2)
    changed_are_refused(refused, insert, 50, 2)


def test_100_moved_and_swapped_blocks_are_all_refused(refused):
    changed_are_refused(refused, swap, 100, 3)


@given(st.binary(max_size=400))
@settings(max_examples=100, deadline=None)
def test_bytes_of_any_kind_are_refused(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.sevenfold"
    path.write_bytes(content)
    with pytest.raises(BundleError):
        load(path, parts=PARTS)


def test_zip_tricks_are_refused(refused, tmp_path):
    with zipfile.ZipFile(io.BytesIO(WHOLE)) as archive:
        members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    refused(rezipped(members))  # other flags and rights in each header
    refused(rezipped(members, compression=zipfile.ZIP_DEFLATED))
    refused(rezipped([*members, ("../../escaped", b"x")]))
    refused(rezipped([*members, ("/etc/escaped", b"x")]))
    refused(rezipped(list(reversed(members))))
    refused(b"MZ" + WHOLE)
    refused(WHOLE + WHOLE)
    refused(rezipped([*members, members[-1]]))
    link = zipfile.ZipInfo("link", (1980, 1, 1, 0, 0, 0))
    link.external_attr = 0o120777 << 16
    buffer = io.BytesIO(WHOLE)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr(link, b"/etc/passwd")
    refused(buffer.getvalue())
    comment = bytearray(WHOLE)
    comment[-2:] = struct.pack("<H", 3)
    refused(bytes(comment) + b"abc")


@pytest.mark.parametrize(
    "name", ["../up", "/abs", "a//b", "a/../b", ".hidden", "C:/x", "a\\b", "x" * 90, "", "a\nb", "manifest.json"]
)
def test_names_that_could_escape_are_never_written(name):
    with pytest.raises(BundleError):
        write_archive({}, {name: b""})


def test_a_forged_name_with_right_digests_is_refused(refused):
    # The same length keeps every offset right: only the name itself is wrong.
    assert WHOLE.count(b"card.md") == 3
    refused(WHOLE.replace(b"card.md", b"../a.md"))


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda m, f: m.update(format=99), "format"),
        (lambda m, f: m.pop("format"), "format"),
        (lambda m, f: m.update(format=True), "format"),
        (lambda m, f: m.update(format="2"), "format"),
        (lambda m, f: m.update(metadata=[]), "."),
        (lambda m, f: f.pop("task.json"), "incomplete"),
        (lambda m, f: f.pop("state/combiner/state.json"), "cannot be read"),
        (lambda m, f: f.update({"extra.py": b"print()"}), "belong"),
        (lambda m, f: f.update({"state/other/state.json": b"{}"}), "belong to nothing"),
        (lambda m, f: f.update({"profile.json": b"[" * 100_000}), "profile.json"),
        (lambda m, f: f.update({"profile.json": b'{"a":1,"a":2}'}), "profile.json"),
        (lambda m, f: f.update({"profile.json": b'{"a":NaN}'}), "profile.json"),
        (lambda m, f: f.update({"profile.json": b'{"a":1' + b"0" * 5000 + b"}"}), "profile.json"),
        (lambda m, f: f.update({"profile.json": b'{"a":"\xff"}'}), "profile.json"),
        (lambda m, f: f.update({"profile.json": b"3"}), "no object"),
        (lambda m, f: f.update({"card.md": b"\xff\xfe"}), "damaged"),
        (lambda m, f: f.update({"golden.json": b'{"rows":[],"predictions":[]}'}), None),
        (lambda m, f: f.update({"golden.json": b'{"rows":[{"age":1}],"predictions":[[0.5,0.5]]}'}), "."),
        (lambda m, f: f.update({"state/calibrator/arrays.safetensors": b"\xff" * 64}), "."),
        (
            lambda m, f: f.update({"state/combiner/arrays.safetensors": struct.pack("<Q", 2**60) + b"{}"}),
            "damaged|read",
        ),
    ],
)
def test_forged_bundles_with_right_digests_are_refused(refused, tmp_path, change, match):
    manifest, members = unpacked(tmp_path)
    change(manifest, members)
    content = write_archive(manifest, members)
    if match is None:  # a bundle without golden rows is poor, but it is one
        path = tmp_path / "m.sevenfold"
        path.write_bytes(content)
        assert load(path, parts=PARTS).example == {}
    else:
        refused(content, match)


def test_200_strange_values_with_right_digests_never_do_anything_else(tmp_path):
    """Each forged bundle is refused, or (where the value changes nothing that counts) loads and is whole."""
    stream = np.random.default_rng(4)
    manifest, members = unpacked(tmp_path)
    documents = [name for name in members if name.endswith(".json")]
    path = tmp_path / "m.sevenfold"
    outcomes = {"refused": 0, "loaded": 0}
    for _ in range(200):
        name = documents[stream.integers(len(documents))]
        changed = strange(json.loads(members[name]), stream)
        path.write_bytes(write_archive(manifest, {**members, name: json.dumps(changed).encode()}))
        try:
            model = load(path, parts=PARTS)
        except BundleError:
            outcomes["refused"] += 1
        else:
            assert model.task.goal.is_classification
            outcomes["loaded"] += 1
    assert outcomes["refused"] > 50


@pytest.mark.parametrize("forge", ["classes", "threshold", "type"])
def test_a_forgery_that_decides_otherwise_is_refused(tmp_path, forge):
    """The probabilities stay as they are; only the labels made of them change."""
    made = contents(classes=(False, True) if forge == "type" else ("no", "yes"), rows=60, members=1)
    path = tmp_path / "m.sevenfold"
    save(path, made)
    manifest, members, _ = read_archive(path)
    described = {name: value for name, value in manifest.items() if name != "members"}
    task, decision = json.loads(members["task.json"]), json.loads(members["state/decision/state.json"])
    task["classes"] = {"classes": ["yes", "no"], "type": [0, 1]}.get(forge, task["classes"])
    decision["threshold"] = 0.0 if forge == "threshold" else decision["threshold"]
    forged = {"task.json": json.dumps(task).encode(), "state/decision/state.json": json.dumps(decision).encode()}
    path.write_bytes(write_archive(described, {**members, **forged}))
    with pytest.raises(BundleError, match="does not reproduce its golden rows"):
        load(path, parts=PARTS)
