"""Write docs/reference/ from the catalogues and the settings: `python docs/make_reference.py`.

The pages say what the code states about itself; a test fails where they are stale.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import MISSING, fields
from pathlib import Path

from sevenfold.core.space import Choice, Dimension

FOLDER = Path(__file__).resolve().parent / "reference"
_NOTE = "<!-- Made by docs/make_reference.py; change the code, not this page. -->"


def pages() -> dict[str, str]:
    """Content of each page by its file name."""
    return {"models.md": models(), "metrics.md": metrics(), "checks.md": checks(), "settings.md": settings()}


def models() -> str:
    """Every model with goals, inputs, hyperparameters, source."""
    from sevenfold.models.catalogue import MODELS

    parts = ["# Models", _NOTE, "What `sevenfold models` prints. `--models a,b` chooses among them."]
    for name, model in sorted(MODELS, key=lambda entry: entry[0]):
        spec = model.spec
        facts = [
            f"- solves: {_words(spec.solves)}",
            f"- takes: {_words(spec.accepts)}",
            *([f"- traits: {_words(spec.traits)}"] if spec.traits else []),
            *([f"- needs: `pip install 'sevenfold[{spec.extra}]'`"] if spec.extra else []),
            f"- source: {spec.source}",
        ]
        parts += [f"## {name}", f"**{spec.title}.** {spec.summary}", "\n".join(facts)]
        rows = [[f"`{p}`", str(d.default), _span(d), d.help] for p, d in spec.space.items()]
        if rows:
            parts.append(_table(["hyperparameter", "default", "range", "what it does"], rows))
    return _page(parts)


def metrics() -> str:
    """Every metric with its sense and goals."""
    from sevenfold.evaluation.metrics.catalogue import METRICS

    rows = [
        [
            f"`{name}`",
            metric.spec.title,
            "higher" if metric.spec.greater_is_better else "lower",
            _words(metric.spec.goals),
            metric.spec.summary,
        ]
        for name, metric in sorted(METRICS, key=lambda entry: entry[0])
    ]
    lead = "What `sevenfold metrics` prints. `--metric NAME` optimises one; all that apply are measured."
    return _page(["# Metrics", _NOTE, lead, _table(["name", "title", "better", "goals", "what it says"], rows)])


def checks() -> str:
    """Every check, of data and of models."""
    from sevenfold.data.checks.catalogue import CHECKS
    from sevenfold.evaluation.checks.catalogue import CHECKS as MODEL_CHECKS

    parts = ["# Checks", _NOTE, "What `sevenfold checks` prints. Each is one small file; “not applicable” is a result."]
    for title, catalogue in (("Of the data", CHECKS), ("Of the model", MODEL_CHECKS)):
        rows = [[f"`{name}`", check.spec.title, check.spec.summary] for name, check in catalogue]
        parts += [f"## {title}", _table(["code", "title", "what it looks for"], rows)]
    return _page(parts)


def settings() -> str:
    """Every setting of a training: as option, as keyword, in plan.toml."""
    from sevenfold.core.config import Plan

    lead = (
        'Each is declared once, in `core/config.py`: `--max-size 20MB` on the command line, `max_size="20MB"` in '
        '`sevenfold.train`, `max_size = "20MB"` in a `plan.toml`.'
    )
    rows = []
    for declared in fields(Plan):
        default = "" if declared.default in (MISSING, None, (), "") else str(declared.default)
        option = "DATA" if declared.name == "data" else "--" + declared.name.replace("_", "-")
        rows.append([f"`{option}`", f"`{declared.name}`", default, declared.metadata["help"]])
    return _page(["# Settings", _NOTE, lead, _table(["option", "keyword", "default", "what it does"], rows)])


def _span(dimension: Dimension) -> str:
    if isinstance(dimension, Choice):
        return "one of " + ", ".join(map(str, dimension.options))
    return f"{dimension.low:g} to {dimension.high:g}" + (", log scale" if dimension.log else "")


def _words(values: Iterable[object]) -> str:
    return ", ".join(sorted(map(str, values)))


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads)]
    return "\n".join(lines + ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows])


def _page(parts: Sequence[str]) -> str:
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Write the pages; name those that changed."""
    FOLDER.mkdir(exist_ok=True)
    for name, content in pages().items():
        path = FOLDER / name
        if not path.exists() or path.read_text("utf-8") != content:
            path.write_text(content, "utf-8")
            sys.stdout.write(f"{path.name} written\n")


if __name__ == "__main__":
    main()
