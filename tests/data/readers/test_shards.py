"""Folders and globs of shards."""

from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl
import pytest

from sevenfold.core.errors import DataError, RequestError
from sevenfold.data.readers.read import describe, read


def test_a_folder_is_read_in_the_order_of_names(tmp_path: Path) -> None:
    (tmp_path / "part-2.csv").write_text("a;b\n3;x\n4;y\n")
    (tmp_path / "part-1.csv").write_text("a;b\n1;x\n2;y\n")
    (tmp_path / "part-3.csv.gz").write_bytes(gzip.compress(b"a;b\n5;x\n"))
    (tmp_path / "_SUCCESS").touch()
    (tmp_path / ".part.crc").touch()
    (tmp_path / "README.md").write_text("read me")
    raw = read(tmp_path)
    assert raw.frame["a"].to_list() == ["1", "2", "3", "4", "5"]
    assert raw.source["rows_of_files"] == [2, 2, 1]
    assert raw.source["differing"] == {}
    assert "3 files" in describe(raw.source)
    assert any("README.md" in note for note in raw.source["notes"])


def test_a_glob_takes_what_matches_only(tmp_path: Path) -> None:
    for name in ("a1", "a2", "b1"):
        (tmp_path / f"{name}.jsonl").write_text(f'{{"n": "{name}"}}\n')
    assert read(f"{tmp_path}/a*.jsonl").frame["n"].to_list() == ["a1", "a2"]
    assert read(tmp_path / "[ab]1.jsonl").frame["n"].to_list() == ["a1", "b1"]
    with pytest.raises(RequestError, match="No file matches"):
        read(f"{tmp_path}/c*.csv")


def test_differing_columns_and_types_are_reconciled_and_told(tmp_path: Path) -> None:
    pl.DataFrame({"a": [1], "b": ["x"], "c": [1.5]}).write_parquet(tmp_path / "1.parquet")
    pl.DataFrame({"c": [2], "a": ["y"], "d": [True]}).write_parquet(tmp_path / "2.parquet")
    raw = read(tmp_path)
    assert raw.frame.rows() == [("1", "x", 1.5, None), ("y", None, 2.0, True)]
    assert raw.source["differing"]["missing"] == {"b": ["2.parquet"], "d": ["1.parquet"]}
    assert set(raw.source["differing"]["types"]) == {"a", "c"}
    assert raw.source["columns"] == ["a", "b", "c", "d"]


def test_shards_without_header_follow_the_first(tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text("1.5,x,0\n2.5,y,1\n3.5,y,1\n")
    (tmp_path / "2.csv").write_text("4.5,z,1\n")
    raw = read(tmp_path, target="2")
    assert raw.frame.columns == ["0", "1", "2"]
    assert raw.frame.height == 4


def test_folders_named_by_value_become_columns(tmp_path: Path) -> None:
    for year, place in (("2023", "New%20York"), ("2024", "__HIVE_DEFAULT_PARTITION__")):
        folder = tmp_path / f"year={year}" / f"place={place}"
        folder.mkdir(parents=True)
        pl.DataFrame({"n": [int(year)]}).write_parquet(folder / "part-0.parquet")
    assert read(tmp_path).frame.rows() == [(2023, "2023", "New York"), (2024, "2024", None)]


def test_train_and_test_are_never_put_together(tmp_path: Path) -> None:
    for name in ("train", "test"):
        (tmp_path / f"{name}.csv").write_text("a,b\n1,2\n")
    for source in (tmp_path, f"{tmp_path}/*.csv"):
        with pytest.raises(RequestError, match="different purposes") as caught:
            read(source)
        assert "--test" in caught.value.advice


def test_a_folder_with_nothing_to_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no data") as caught:
        read(tmp_path)
    assert caught.value.received == "an empty folder"
    (tmp_path / "notes.md").write_text("nothing")
    with pytest.raises(DataError, match="holds no data"):
        read(tmp_path)


def test_one_broken_shard_is_named(tmp_path: Path) -> None:
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "1.parquet")
    (tmp_path / "2.parquet").write_bytes(b"PAR1 broken")
    with pytest.raises(DataError, match=r"2\.parquet"):
        read(tmp_path)
