"""Imports made while workers train."""

from __future__ import annotations

import sys
import threading

import pytest

from sevenfold.api.ahead import ENDING, Ahead


def write_module(folder, name, text):
    (folder / f"{name}.py").write_text(text)


@pytest.fixture
def modules(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("ahead_")]:
        del sys.modules[name]


def test_one_after_the_other_and_what_is_missing_is_left_out(modules):
    write_module(modules, "ahead_one", "")
    write_module(modules, "ahead_two", "")
    Ahead(("ahead_one", "ahead_missing", "ahead_two")).run()
    assert {"ahead_one", "ahead_two"} <= set(sys.modules) and "ahead_missing" not in sys.modules


def test_stopping_waits_for_the_module_under_way_alone(modules):
    write_module(modules, "ahead_slow", "import sys\nsys.ahead_begun.set()\nsys.ahead_go.wait(30)\n")
    write_module(modules, "ahead_never", "")
    sys.ahead_begun, sys.ahead_go = threading.Event(), threading.Event()
    ahead = Ahead(("ahead_slow", "ahead_never"))
    running = threading.Thread(target=ahead.run)
    running.start()
    assert sys.ahead_begun.wait(30)
    stopping = threading.Thread(target=ahead.stop)
    stopping.start()
    stopping.join(0.05)
    assert stopping.is_alive()
    sys.ahead_go.set()
    stopping.join(30)
    running.join(30)
    assert "ahead_slow" in sys.modules and "ahead_never" not in sys.modules
    del sys.ahead_begun, sys.ahead_go


def test_every_module_is_there():
    Ahead().run()
    assert set(ENDING) <= set(sys.modules)
