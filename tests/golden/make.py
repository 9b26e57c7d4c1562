"""Writes the golden files of the present format version: `PYTHONPATH=src python tests/golden/make.py`.

Run once for each format version, before a release; files of past versions are never written again.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "deployment"))

from real_models import PLAIN, contents, table, trees  # noqa: E402

from sevenfold.core.recipe import Recipe, Step  # noqa: E402
from sevenfold.core.task import Goal  # noqa: E402
from sevenfold.deployment.bundle import FORMAT, load, save  # noqa: E402
from sevenfold.deployment.golden import encode_records  # noqa: E402

BOOSTED = trees("lightgbm", rounds=10, leaves=4)
RIDGE = Recipe("ridge", {}, PLAIN.steps, PLAIN.outputs)
TEXT = Recipe("logistic_l2", {}, (Step("words", "tfidf", ("note",)),), ("words",))


def families():
    """Contents of one small bundle for each family, by name."""
    return {
        "linear": contents([PLAIN], rows=200, golden=4),
        "lightgbm": contents([BOOSTED], Goal.MULTICLASS, rows=200, golden=4),
        "ensemble": contents([BOOSTED, RIDGE], Goal.REGRESSION, rows=200, weights=[0.7, 0.3], golden=4),
        "text": contents([TEXT], rows=200, calibrated=True, golden=4),
    }


def main() -> None:
    rows = table(12, seed=7)
    for name, made in families().items():
        path = HERE / f"format-{FORMAT}-{name}.sevenfold"
        save(path, made)
        answer = load(path).answer(rows)
        expected = {
            "rows": encode_records(rows),
            "labels": answer.labels.tolist(),
            "values": answer.values.tolist(),
        }
        path.with_suffix(".json").write_text(json.dumps(expected, ensure_ascii=False, indent=1) + "\n", "utf-8")
        print(path.name, path.stat().st_size)


if __name__ == "__main__":
    main()
