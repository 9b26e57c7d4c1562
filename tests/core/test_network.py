from __future__ import annotations

import pytest

from sevenfold.core.errors import MissingExtraError
from sevenfold.core.network import require_torch


def test_a_missing_torch_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    require_torch("Learning")
    monkeypatch.setattr("sevenfold.core.network.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError) as caught:
        require_torch("Learning")
    assert "Learning needs the package 'torch'" in str(caught.value)
    assert "pip install 'sevenfold[deep]'" in str(caught.value)
