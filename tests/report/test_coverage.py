"""The section on coverage, and its sentences in the model card."""

from __future__ import annotations

from dataclasses import replace

from sevenfold.report.build import report_data
from sevenfold.report.card import card
from sevenfold.report.sections.coverage import coverage, headline, notes


def test_the_section_and_the_card_tell_what_was_realised(run):
    data = report_data(run)
    shown = coverage(data)
    assert shown is not None
    for told in ("Asked for 90 % coverage", "held the truth for 91 % of 500", "gender = f", "surely covered less"):
        assert told in shown, told
    assert "it was 87 %" in shown and "for the rows of each class" in shown
    assert "Asked for 90 % coverage" in card(data)


def test_intervals_too_few_rows_and_broken_promises_are_named(run):
    found = {**report_data(run).coverage, "unit": "width", "enough": False, "p_value": 1e-5, "size": None}
    assert "1 wide in the middle" in headline(found)
    assert any("too few" in note for note in notes(found))
    assert any("not kept" in note for note in notes(found))


def test_nothing_is_said_where_there_is_nothing(run):
    data = replace(report_data(run), coverage={})
    assert coverage(data) is None and "coverage" not in card(data)
