import os

import pytest

from sevenfold.core.errors import RequestError
from sevenfold.deployment.files import replacing, write_whole


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
