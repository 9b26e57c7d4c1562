import os
import time

import pytest

from sevenfold.core.errors import RequestError
from sevenfold.deployment.files import append_lines, replacing, write_whole


def test_the_old_content_stays_until_the_new_is_whole(tmp_path):
    path = tmp_path / "a"
    write_whole(path, b"old")
    with replacing(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"


def test_an_error_in_the_block_leaves_nothing_behind(tmp_path):
    path = tmp_path / "a"
    write_whole(path, b"old")
    with pytest.raises(ValueError, match="stop"), replacing(path) as file:
        file.write(b"new")
        raise ValueError("stop")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_a_folder_that_is_not_there_is_a_request_error(tmp_path):
    with pytest.raises(RequestError, match="cannot be written"):
        write_whole(tmp_path / "no" / "a", b"")


def test_others_may_read_what_the_mask_allows(tmp_path):
    write_whole(tmp_path / "a", b"")
    mask = os.umask(0)
    os.umask(mask)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o666 & ~mask


def test_what_a_killed_process_left_is_cleared_away_on_another_day(tmp_path):
    path = tmp_path / "a"
    for name, days in ((".a.old.tmp", 2), (".a.new.tmp", 0), (".b.old.tmp", 2), (".a.old", 2)):
        (tmp_path / name).write_bytes(b"half")
        os.utime(tmp_path / name, (time.time() - 86400.0 * days,) * 2)
    write_whole(path, b"whole")
    assert sorted(p.name for p in tmp_path.iterdir()) == [".a.new.tmp", ".a.old", ".b.old.tmp", "a"]


def test_of_several_new_files_the_first_one_stays(tmp_path):
    path = tmp_path / "a"
    with replacing(path, new=True) as late:
        late.write(b"late")
        with replacing(path, new=True) as early:
            early.write(b"early")
    assert path.read_bytes() == b"early"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_a_torn_line_is_ended_before_another_one_begins(tmp_path):
    path = tmp_path / "lines"
    append_lines(path, b"1\n2\n")
    append_lines(path, b"3\n", synced=True)
    assert path.read_bytes() == b"1\n2\n3\n"
    path.write_bytes(b"1\n2")
    append_lines(path, b"3\n")
    assert path.read_bytes() == b"1\n2\n3\n"
    path.write_bytes(b"")
    append_lines(path, b"4\n")
    assert path.read_bytes() == b"4\n"
