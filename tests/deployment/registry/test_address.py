import pytest

from sevenfold.core.errors import RequestError
from sevenfold.deployment.registry.address import Address, default_place, is_address


def test_an_address_names_an_alias_or_a_version():
    assert Address.parse("registry:churn") == Address("churn", "champion")
    assert Address.parse("registry:churn@challenger") == Address("churn", "challenger")
    assert Address.parse("registry:churn@3") == Address("churn", None, 3)
    for text in ("registry:churn@challenger", "registry:churn@12"):
        assert str(Address.parse(text)) == text
    assert is_address("registry:x") and not is_address("runs/x") and not is_address(3)


@pytest.mark.parametrize(
    "text", ["registry:", "registry:@3", "registry:a/b", "registry:../x", "registry:a@", "registry:a@-1",
             "registry:a@b/c", "registry:a@b@c", "registry:a@\u0663", "registry:" + "a" * 65]
)  # fmt: skip
def test_what_is_no_address_is_refused(text):
    with pytest.raises(RequestError, match="this name"):
        Address.parse(text)


def test_the_folder_comes_from_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("SEVENFOLD_REGISTRY", str(tmp_path / "r"))
    assert default_place() == str(tmp_path / "r")
    monkeypatch.delenv("SEVENFOLD_REGISTRY")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_place() == str(tmp_path / ".sevenfold" / "registry")
