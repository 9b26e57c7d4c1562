"""Saving a bundle is broken off at every step: afterwards the old file or the new one is there, never half."""

import errno
import os
from pathlib import Path

import pytest
from tiny_parts import contents

from sevenfold.core.errors import LimitError, RequestError
from sevenfold.deployment.bundle import encode, save


@pytest.fixture
def saved(tmp_path):
    """A folder with an old bundle and the bytes of a new one."""
    save(tmp_path / "m.sevenfold", contents(rows=60, members=1))
    (tmp_path / "new").write_bytes(encode(contents(rows=60, members=2)))
    return tmp_path


def test_kill_9_at_every_step_of_saving_leaves_the_old_or_the_new(sweeper):
    """A few bytes are left beside it, which the first save of another day clears away (`test_files.py`)."""
    swept = sweeper.sweep("kill_scenarios:SavedBundle")
    swept.check_old_or_new(8)
    assert swept.left == ["m.sevenfold"]
    for death in swept.deaths:
        assert [name for name in death.left if not name.startswith(".m.sevenfold.")] == ["m.sevenfold"]


def test_where_calls_cannot_be_counted_lines_are(sweeper):
    swept = sweeper.sweep("kill_scenarios:SavedBundle", lines=True)
    assert not swept.traced
    swept.check_old_or_new(2)
    assert len(swept.deaths) > 20


def test_a_line_that_is_torn_spoils_no_other(sweeper):
    sweeper.sweep("kill_scenarios:AppendedLines").check_old_or_new(4)


def test_an_exported_folder_is_there_whole_or_not_at_all(sweeper):
    sweeper.sweep("kill_scenarios:WrittenFolder").check_old_or_new(20)


@pytest.mark.parametrize("call", ["mkstemp", "write", "fsync", "replace"])
@pytest.mark.parametrize(("number", "kind"), [(errno.ENOSPC, LimitError), (errno.EROFS, RequestError)])
def test_a_full_disk_or_a_folder_that_is_read_only_leaves_the_old_file(saved, monkeypatch, call, number, kind):
    before = (saved / "m.sevenfold").read_bytes()

    def fails(*_, **__):
        raise OSError(number, os.strerror(number))

    class Full:
        def __init__(self, descriptor, mode):
            self.file = open(descriptor, mode)  # noqa: SIM115, PTH123

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.file.close()

        def write(self, content):
            self.file.write(content[: len(content) // 2])
            self.file.flush()
            fails()

    if call == "mkstemp":
        monkeypatch.setattr("sevenfold.deployment.files.tempfile.mkstemp", fails)
    elif call == "write":
        monkeypatch.setattr("sevenfold.deployment.files.os.fdopen", Full)
    elif call == "fsync":
        monkeypatch.setattr("sevenfold.deployment.files.os.fsync", fails)
    else:
        monkeypatch.setattr(Path, "replace", fails)
    with pytest.raises(kind, match="cannot be written"):
        save(saved / "m.sevenfold", contents(rows=60, members=2))
    assert (saved / "m.sevenfold").read_bytes() == before
    assert sorted(p.name for p in saved.iterdir()) == ["m.sevenfold", "new"]
