"""The model card has its parts and is safe from what users write."""

from __future__ import annotations

from sevenfold.core.run import RunFolder
from sevenfold.report.build import report_data
from sevenfold.report.card import card, inline, write_card
from sevenfold.report.data import ReportData

PARTS = (
    "Model details",
    "Intended use",
    "Factors",
    "Metrics",
    "Evaluation data",
    "Training data",
    "Quantitative analyses",
    "Ethical considerations",
    "Caveats and recommendations",
)


def test_the_card_has_every_part(run: RunFolder) -> None:
    content = card(report_data(run))
    for part in PARTS:
        assert f"\n## {part}\n" in content
    assert "lightgbm (t1), ridge (t2)" in content
    assert "0.840 (0.810 to 0.870)" in content
    assert "tenure = 0 to under 3" in content
    assert "selection rate, ratio 40 % between m and f" in content
    assert "Drop one." in content
    write_card(report_data(run), run.card)
    assert run.card.read_text(encoding="utf-8") == content


def test_a_card_of_nothing_still_has_its_parts() -> None:
    content = card(ReportData("empty"))
    for part in PARTS:
        assert f"\n## {part}\n" in content


def test_hostile_names_stay_text(hostile_run: RunFolder) -> None:
    content = card(report_data(hostile_run))
    assert "<script" not in content.replace("\\<script", "")
    assert "\x00" not in content and "\u202e" not in content
    for line in content.splitlines():
        if line.startswith("| ") and "---" not in line:
            assert line.replace("\\|", "").count("|") == 4


def test_inline_keeps_one_line_and_escapes_marks() -> None:
    assert inline("a\nb  *c* <d> | `e`") == "a b \\*c\\* \\<d\\> \\| \\`e\\`"
    assert inline("x" * 400).endswith("…")
