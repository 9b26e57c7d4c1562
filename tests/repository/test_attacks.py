"""The table of attacks names tests that are there."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")


def test_each_attack_names_a_test_that_exists():
    missing = []
    rows = [line for line in (ROOT / "docs" / "attacks.md").read_text("utf-8").splitlines() if line.startswith("|")]
    rows = [row for row in rows if not set(row) <= set("|- ") and not row.startswith("| attack |")]
    assert len(rows) > 40
    for row in rows:
        named = NAMED.findall(row)
        if not named:
            missing.append(row)
        for file, name in named:
            path = ROOT / "tests" / file
            tree = ast.parse(path.read_text("utf-8")) if path.exists() else ast.Module([], [])
            if name not in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}:
                missing.append(f"{file}::{name}")
    assert missing == []
