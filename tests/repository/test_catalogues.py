"""Every part that states what it is stands in its catalogue and in the reference; nothing is pickled."""

import ast
import importlib.util
import re
from pathlib import Path

import pytest

from sevenfold.data.checks.catalogue import CHECKS
from sevenfold.evaluation.checks.catalogue import CHECKS as MODEL_CHECKS
from sevenfold.evaluation.metrics.catalogue import METRICS
from sevenfold.features.catalogue import FEATURES
from sevenfold.features.target import TARGETS
from sevenfold.models.catalogue import MODELS

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "sevenfold"


def stating(folder: Path) -> dict[str, str]:
    """ "module:class" of every class that sets `spec` in its own body, with its file."""
    found = {}
    for path in sorted(folder.rglob("*.py")):
        module = ".".join(path.relative_to(SOURCE.parent).with_suffix("").parts)
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef) and any(_sets_spec(line) for line in node.body):
                found[f"{module}:{node.name}"] = str(path.relative_to(ROOT))
    return found


def _sets_spec(line: ast.stmt) -> bool:
    targets = line.targets if isinstance(line, ast.Assign) else [line.target] if isinstance(line, ast.AnnAssign) else []
    return getattr(line, "value", None) is not None and any(getattr(t, "id", "") == "spec" for t in targets)


@pytest.mark.parametrize(
    ("folder", "catalogues"),
    [
        ("models", (MODELS,)),
        ("features", (FEATURES, TARGETS)),
        ("data/checks", (CHECKS,)),
        ("evaluation/checks", (MODEL_CHECKS,)),
    ],
)
def test_whatever_states_a_spec_is_in_its_catalogue(folder, catalogues):
    known = {entry for catalogue in catalogues for entry in catalogue.entries().values()}
    found = stating(SOURCE / folder)
    assert found, "no class with a spec was found: the search itself is broken"
    assert {entry: path for entry, path in found.items() if entry not in known} == {}


def test_names_in_catalogues_are_those_of_the_specs():
    for catalogue in (MODELS, FEATURES, METRICS):
        assert [name for name, item in catalogue if item.spec.name != name] == []
    for checks in (CHECKS, MODEL_CHECKS):
        assert [name for name, check in checks if check.spec.code != name] == []


def test_the_reference_is_not_stale():
    location = importlib.util.spec_from_file_location("make_reference", ROOT / "docs" / "make_reference.py")
    assert location is not None and location.loader is not None
    script = importlib.util.module_from_spec(location)
    location.loader.exec_module(script)
    pages = script.pages()
    for name, content in pages.items():
        written = (ROOT / "docs" / "reference" / name).read_text("utf-8")
        assert written == content, f"docs/reference/{name} is stale: python docs/make_reference.py"
    assert all(f"## {name}\n" in pages["models.md"] for name in MODELS.names())
    assert all(f"| `{name}` |" in pages["metrics.md"] for name in METRICS.names())
    assert all(f"| `{name}` |" in pages["checks.md"] for name in [*CHECKS.names(), *MODEL_CHECKS.names()])


def test_nothing_is_pickled():
    forbidden = re.compile(r"^\s*(import|from)\s+(pickle|cPickle|joblib|dill|cloudpickle|shelve|marshal)\b", re.M)
    found = [str(p.relative_to(ROOT)) for p in SOURCE.rglob("*.py") if forbidden.search(p.read_text("utf-8"))]
    assert found == []
