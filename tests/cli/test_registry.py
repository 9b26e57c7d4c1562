"""The registry from the command line, with models of tiny parts."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "deployment"))

from tiny_parts import PARTS, contents, table, with_test_score

from sevenfold.deployment.archive import read_archive
from sevenfold.deployment.bundle import save
from sevenfold.deployment.parts import Parts

EASY = ("--max-latency", "60s")


@pytest.fixture
def run(call, monkeypatch, tmp_path):
    """A command with `--json` and what it printed; the registry is in the test's folder."""
    monkeypatch.setenv("SEVENFOLD_REGISTRY", str(tmp_path / "registry"))
    monkeypatch.setattr(Parts, "installed", lambda: PARTS)
    monkeypatch.setattr("sevenfold.deployment.isolation.canary", lambda path, *more, **options: read_archive(path)[2])
    save(tmp_path / "one", contents(rows=120, members=1))
    save(tmp_path / "two", contents(rows=160, members=1))
    save(tmp_path / "worse", with_test_score(contents(rows=140, members=1), 0.8, 0.9))

    def run(*arguments, code=0):
        found, out, error = call("registry", *arguments, "--json")
        assert found == code, error
        return json.loads(out) if out else error

    return run


def test_from_adding_to_rolling_back(run, call):
    added = run("add", "one", "--name", "m", "--alias", "champion", "--why", "the first")
    assert (added["version"], added["aliases"]) == (1, ["champion"])
    assert {v["check"] for v in added["gate"]} == {"golden", "contract", "size", "latency", "score", "fairness"}
    assert run("add", "two", "--name", "m")["version"] == 2
    assert run("list")["models"] == [{"name": "m", "versions": 2, "aliases": {"champion": 1}}]
    moved = run("promote", "m", "2", "--expect", "1", "--why", "newer", *EASY)
    assert (moved["version"], moved["previous"], moved["why"]) == (2, 1, "newer")
    assert "another one by now" in run("promote", "m", "1", "--expect", "1", *EASY, code=2)
    assert run("rollback", "m")["version"] == 1
    shown = run("show", "m")
    assert [e["action"] for e in shown["log"]] == ["add", "promote", "add", "promote", "rollback"]
    assert shown["versions"][0]["lineage"]["run"] == "r1"


def test_the_gate_refuses_and_can_be_overruled(run):
    run("add", "one", "--name", "m", "--alias", "champion")
    run("add", "worse", "--name", "m")
    found = run("gate", "m", "2", *EASY, code=2)
    assert found["passed"] is False
    assert "clearly worse" in run("promote", "m", "2", *EASY, code=2)
    assert run("promote", "m", "2", "--force", "a drill", *EASY)["details"]["forced"] == "a drill"


def test_a_model_of_the_registry_is_a_model_everywhere(run, call, tmp_path):
    run("add", "one", "--name", "m", "--alias", "champion")
    table(40, seed=2).write_csv(tmp_path / "data.csv")
    code, _, error = call("predict", "registry:m@champion", "data.csv", "--out", "out.csv")
    assert code == 0, error
    code, out, error = call("evaluate", "registry:m@1", "data.csv", "--json")
    assert code == 0, error
    assert json.loads(out)["rows"] == 40
    code, _, error = call("predict", "registry:m@2", "data.csv", "--out", "out.csv")
    assert code == 2 and "no version 2" in error


def test_it_is_told_in_words_too(run, call):
    run("add", "one", "--name", "m", "--alias", "champion")
    for arguments, words in (
        (("add", "two", "--name", "m"), "m version 2"),
        (("list",), "m: 2 versions; champion 1"),
        (("show", "m"), "version 1 [champion]"),
        (("gate", "m", "2", *EASY), "It may pass."),
        (("promote", "m", "2", *EASY), "champion of m is version 2 now, before it was version 1."),
        (("rollback", "m"), "champion of m is version 1 now"),
    ):
        code, out, error = call("registry", *arguments)
        assert code == 0, error
        assert words in out


def test_a_refusal_is_shown_with_its_reason_and_a_move_to_the_same_version_as_none(run, call):
    run("add", "one", "--name", "m", "--alias", "champion", "--force", "not on a slow machine")
    run("add", "worse", "--name", "m")
    run("promote", "m", "2", *EASY, code=2)
    _, out, _ = call("registry", "show", "m")
    assert "refuse champion 2" in out and "    refused by score: recorded log_loss" in out
    _, out, _ = call("registry", "promote", "m", "1", *EASY)
    assert "champion of m was version 1 before and still is." in out
    assert "no other version is in use" in out


def test_a_comparison_without_answers_is_told(run, tmp_path):
    run("add", "one", "--name", "m", "--alias", "champion")
    table(5).write_csv(tmp_path / "labels.csv")
    compare = ("compare", "m", "--store", "store", "--labels", "labels.csv")
    assert "has no challenger" in run(*compare, code=2)
    run("add", "two", "--name", "m", "--alias", "challenger", "--force", "not on a slow machine")
    assert "no answers of these two versions" in run(*compare, code=2)


@pytest.mark.parametrize("also", ["b", "=x", "b=", "model=one"])
def test_what_is_also_served_must_have_a_name(run, call, also):
    code, _, error = call("serve", "one", "--also", also)
    assert code == 2 and "NAME=MODEL" in error


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (("registry:m@champion",), "m"),
        (("registry:m@1",), "m"),
        (("registry:m", "--name", "other"), "other"),
        (("one",), "model"),
    ],
)
def test_a_model_of_the_registry_is_served_under_its_name(run, call, monkeypatch, arguments, name):
    run("add", "one", "--name", "m", "--alias", "champion")
    asked = {}

    def served(traffic, **options):
        asked.update(options, names=list(traffic.models))
        options["on_start"]("http://127.0.0.1:1")

    monkeypatch.setattr("sevenfold.monitoring.serving.serve", served)
    code, _, error = call("serve", *arguments)
    assert code == 0, error
    assert (asked["name"], asked["names"]) == (name, [name])
    assert f"Serving '{name}'" in error


def test_the_name_of_the_registry_is_taken_once(run, call):
    run("add", "one", "--name", "m", "--alias", "champion")
    code, _, error = call("serve", "registry:m", "--also", "m=one")
    assert code == 2 and "--also cannot be read" in error
