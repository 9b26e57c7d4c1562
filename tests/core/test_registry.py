"""Catalogues: what other packages add is looked up once."""

from importlib.metadata import EntryPoints, entry_points

import pytest

from sevenfold.core import registry


def test_installed_packages_are_read_once_for_all_catalogues(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def counted() -> EntryPoints:
        asked.append(1)
        return entry_points()

    monkeypatch.setattr(registry, "entry_points", counted)
    registry.installed_points.cache_clear()
    for group in ("sevenfold.models", "sevenfold.features"):
        assert registry.Catalogue[float]("Thing", group, {"a": "math:pi"}).names()[0] == "a"
    assert asked == [1]
