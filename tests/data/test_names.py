from __future__ import annotations

import pytest

from sevenfold.data.names import says_code, says_item, says_key, says_strength, says_time, says_user, tokens


def test_names_come_apart() -> None:
    assert tokens("PULocationID") == ("pu", "location", "id")
    assert tokens("mgr_id") == ("mgr", "id")
    assert tokens("zip.code 2") == ("zip", "code")


@pytest.mark.parametrize("name", ["PassengerId", "id", "record_id", "INDEX", "uuid"])
def test_keys(name: str) -> None:
    assert says_key(name)


@pytest.mark.parametrize("name", ["grid", "paid", "valid", "idea", "indexed"])
def test_no_keys(name: str) -> None:
    assert not says_key(name)


def test_parts() -> None:
    assert says_code("ROLE_CODE")
    assert says_code("zip_code")
    assert not says_code("decoder")
    assert says_time("created_at")
    assert says_user("userId")
    assert not says_user("user_age")
    assert says_item("movie_id")
    assert says_strength("rating")
