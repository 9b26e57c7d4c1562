"""Results as people read them."""

import json

from sevenfold.cli.show import show_audit, show_evaluation, show_monitor

SCORE = {"value": 0.7324, "low": 0.7041, "high": 0.7589, "rows": 3000}


def finding(code: str, column: str, **evidence: object) -> dict[str, object]:
    return {
        "code": code,
        "severity": "warning",
        "columns": [column],
        "rows": [],
        "text": f"about '{column}'",
        "why": "a reason",
        "advice": "an advice",
        "evidence": {"column": column, **evidence},
    }


def drift(column: str, drifted: bool, p_value: float = 0.0) -> dict[str, object]:
    return {"column": column, "effect": 0.25 if drifted else 0.01, "p_value": p_value, "drifted": drifted}


MONITORED = {
    "rows": 3000,
    "drift": [drift("rain", True), drift("wind", True, 0.002), drift("seats", False, 0.4)],
    "performance": {
        "joined_by": "inputs",
        "rows": 3000,
        "unlabelled": 2,
        "unmatched": 0,
        "contradictory": 0,
        "metrics": {"roc_auc": SCORE},
        "after_training": {"metric": "roc_auc", "low": 0.68, "high": 0.74},
    },
    "alerts": [finding("drift", "rain", where="0 to 1: 5.0% in training, 23.1% now"), finding("drift", "wind")],
}


def test_monitoring_tells_what_drifted_how_and_whether_the_score_holds(capsys):
    show_monitor(MONITORED, False)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "3,000 rows were asked about; 2 of 3 columns have drifted"
    assert " ".join(lines[1].split()) == "rain effect 0.25, p < 0.0001 0 to 1: 5.0% in training, 23.1% now"
    assert " ".join(lines[2].split()) == "wind effect 0.25, p = 0.002"
    assert "  steady: seats" in lines and "  left out: 2 unlabelled" in lines
    assert "  after training, roc_auc was 0.6800 to 0.7400: no clear drop" in lines
    assert [line for line in lines if line.startswith("ALERT")] == ["ALERT drift: rain, wind"]
    assert sum("an advice" in line for line in lines) == 1


def test_monitoring_without_labels_says_how_to_measure(capsys):
    show_monitor({"rows": 10, "drift": [], "performance": {}, "alerts": []}, False)
    printed = capsys.readouterr().out
    assert "--labels DATA" in printed and "No alerts" in printed


def test_labels_that_belong_to_no_row_measure_nothing_and_promise_nothing(capsys):
    performance = {**MONITORED["performance"], "joined_by": "request_id", "rows": 0, "unmatched": 7, "metrics": {}}
    show_monitor({**MONITORED, "performance": performance}, False)
    printed = capsys.readouterr().out
    assert "left out: 2 unlabelled, 7 unmatched" in printed
    assert "no label's request_id is that of a row looked at here" in printed and "no clear drop" not in printed


def test_what_was_told_is_counted_and_what_nobody_took_is_not_called_old(capsys):
    show_monitor({**MONITORED, "told": ["drift", "drift", "rows-differ"], "untold": []}, False)
    assert "Told of: drift (2), rows-differ" in capsys.readouterr().out
    show_monitor({**MONITORED, "told": [], "untold": []}, False)
    assert "Told of: nothing new" in capsys.readouterr().out
    owed = {"to": "mailto:a@example.org", "alerts": ["drift", "drift"], "tries": 2, "next": "2026-01-01T00:00:00+00:00"}
    show_monitor({**MONITORED, "told": [], "untold": ["The mail server is away."], "undelivered": [owed]}, False)
    printed = capsys.readouterr().out
    assert "Told of: nothing\n" in printed and "  not told: The mail server is away." in printed
    assert "still owed to mailto:a@example.org: drift (2); failed 2 times, tried again after 2026-01-01" in printed


def test_only_parts_that_are_clearly_worse_are_shown(capsys):
    piece = {"column": "humidity", "label": "16 to under 44", "value": 0.57, "rest": 0.76, "rows": 743, "worse": 0.19}
    found = {
        "rows": 3000,
        "metrics": {"roc_auc": SCORE},
        "slices": [{**piece, "significant": True}, {**piece, "label": "other", "significant": False}],
    }
    show_evaluation(found, False)
    printed = capsys.readouterr().out
    assert "0.7324 (95 % interval 0.7041 to 0.7589)" in printed
    assert "humidity 16 to under 44: 0.570 on 743 rows, 0.760 on the rest" in printed and "other" not in printed


def test_json_is_one_object_without_infinities(capsys):
    show_evaluation({"rows": 1, "metrics": {"r2": {"value": float("nan"), "low": float("-inf")}}}, True)
    assert json.loads(capsys.readouterr().out) == {"rows": 1, "metrics": {"r2": {"value": None, "low": None}}}


def test_an_audit_shows_the_gravest_first(capsys):
    error = {**finding("leak", "paid"), "severity": "error"}
    show_audit({"rows": 5, "columns": 2, "findings": [finding("order", "day"), error]}, False)
    printed = capsys.readouterr().out
    assert printed.startswith("5 rows, 2 columns, 2 findings\n")
    assert printed.index("ERROR") < printed.index("WARNING")
