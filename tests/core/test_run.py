from pathlib import Path

import numpy as np
import pytest

from sevenfold.core.errors import RequestError
from sevenfold.core.run import Journal, RunFolder, write_json


def test_lines_are_there_once_append_returns(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.append("run.started", {"rows": 3})
    journal.append("decision", {"what": "ä"})
    kinds = [event.kind for event in Journal(tmp_path / "journal.jsonl").events()]
    assert kinds == ["run.started", "decision"]


def test_a_torn_last_line_is_passed_over_and_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    Journal(path).append("a", {"n": 1})
    with path.open("ab") as file:
        file.write(b'{"kind": "b", "sec')
    journal = Journal(path)
    assert [event.kind for event in journal.events()] == ["a"]
    journal.append("c")
    assert [event.kind for event in Journal(path).events()] == ["a", "c"]


def test_time_goes_on_after_reopening(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text('{"kind": "a", "at": 100.0}\n')
    assert Journal(path).append("b").seconds >= 100.0


def test_a_folder_with_a_run_is_refused(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run")
    Journal(folder.journal).append("run.started")
    with pytest.raises(RequestError, match="sevenfold resume"):
        RunFolder.create(tmp_path / "run")
    assert RunFolder.open(tmp_path / "run").path == folder.path


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="not a run folder"):
        RunFolder.open(tmp_path)


def test_json_is_replaced_whole(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"x": 1})
    write_json(tmp_path / "a.json", {"x": 2})
    assert (tmp_path / "a.json").read_text() == '{\n "x": 2\n}'
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_arrays_and_their_scalars_are_written_as_plain_data(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.append("a", {"weights": np.array([0.5, 0.25]), "one": np.float64(2.0), "flag": np.bool_(True)})
    (event,) = journal.events()
    assert event.data == {"weights": [0.5, 0.25], "one": 2.0, "flag": True}
