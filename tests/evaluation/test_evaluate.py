"""The compositions: one evaluation, and everything for the report within its time."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

from sevenfold.core.context import Streams
from sevenfold.core.errors import RequestError
from sevenfold.core.report import Score
from sevenfold.core.task import Goal, Target, Task
from sevenfold.evaluation.evaluate import evaluate, group_codes
from sevenfold.evaluation.full import background_rows, evaluation_report


class Constant:
    def __init__(self, answer):
        self.answer = answer

    def predict(self, table):
        return np.tile(self.answer, (table.height, 1)) if np.ndim(self.answer) else np.full(table.height, self.answer)


def run(world, **options):
    return evaluate(world.predictor, world.table, world.target, world.task, stream=np.random.default_rng(0), **options)


def test_every_goal_has_its_usual_scores_first_the_tasks_own(binary, multiclass, regression):
    for world in (binary, multiclass, regression):
        found = run(world, schema=world.schema)
        assert next(iter(found.scores)) == world.task.metric
        assert all(s.low <= s.value <= s.high for s in found.scores.values())
        assert found.slices and found.curves and not found.undefined
        data = json.loads(json.dumps(found.to_json(), allow_nan=False))
        assert data["rows"] == len(world.target)
        assert set(data) == {"rows", "metrics", "slices", "fairness", "curves", "undefined"}
    assert [entry["column"] for entry in run(binary, schema=binary.schema).fairness] == ["member", "colour"]


def test_metrics_can_be_chosen_and_must_fit(binary):
    assert list(run(binary, metrics=["AUC", "f1"]).scores) == ["roc_auc", "f1"]
    with pytest.raises(RequestError, match="does not fit"):
        run(binary, metrics=["rmse"])


def test_the_decision_rule_of_the_model_is_used(binary):
    from sevenfold.core.predictor import Decision

    before = run(binary, metrics=["recall"]).scores["recall"].value
    binary.predictor.decision = Decision(threshold=0.05)
    assert run(binary, metrics=["recall"]).scores["recall"].value > before


def test_undefined_metrics_are_told_not_raised(binary):
    binary.target = Target(Goal.BINARY, np.zeros(1200), 2)
    found = run(binary)
    assert "roc_auc" in found.undefined and "undefined" in found.undefined["roc_auc"]
    assert "log_loss" in found.scores


def test_looks_and_groups_widen(regression):
    once = run(regression, metrics=["rmse"]).scores["rmse"]
    thrice = run(regression, metrics=["rmse"], looks=3).scores["rmse"]
    assert thrice.low < once.low < once.high < thrice.high
    task = Task(Goal.REGRESSION, "price", "rmse", group="household")
    codes = group_codes(regression.table, task)
    assert codes is not None and len(np.unique(codes)) == 200
    regression.task = task
    assert run(regression, metrics=["rmse"]).scores["rmse"].value == once.value


def test_a_missing_group_is_a_group_of_its_own(regression):
    import polars as pl

    task = Task(Goal.REGRESSION, "price", "rmse", group="colour")
    table = regression.table.with_columns(pl.when(pl.col("colour") != "blue").then("colour").alias("colour"))
    codes = group_codes(table, task)
    assert codes is not None
    assert len(np.unique(codes)) == 2 + table["colour"].null_count()


def test_rankings_are_averaged_over_users(regression):
    task = Task(Goal.RECOMMENDATION, "rating", "ndcg@10")
    regression.task, regression.target = task, Target(Goal.RECOMMENDATION, regression.target.values)
    found = run(regression, ranking={"ndcg@10": np.linspace(0, 1, 50)})
    assert found.scores["ndcg@10"].value == pytest.approx(0.5)
    assert found.scores["ndcg@10"].rows == 50
    assert found.undefined["recall@10"] == "no ranking was given"


def test_the_full_report_holds_every_part_and_repeats(binary):
    def make():
        return evaluation_report(
            binary.predictor,
            binary.table,
            binary.target,
            binary.task,
            binary.schema,
            Streams(0),
            seconds=60,
            validation=Score(0.8, 0.7, 0.9, 1000),
            references={"constant": Constant([0.6, 0.4])},
            reference_validation={"constant": Score(0.5, 0.5, 0.5, 1000)},
        )

    found = make()
    json.dumps(found, allow_nan=False)
    assert found["test"]["value"] > 0.7
    assert found["validation"]["rows"] == 1000
    assert found["references"]["constant"]["test"]["value"] == 0.5
    gain = found["references"]["constant"]["gain"]
    assert gain["real"] and gain["value"] == pytest.approx(found["test"]["value"] - 0.5)
    assert found["references"]["constant"]["validation"]["value"] == 0.5
    assert [i["column"] for i in found["importances"][:2]] == ["size", "colour"]
    assert [p["column"] for p in found["partial_dependence"][:2]] == ["size", "colour"]
    assert found["slices"] and found["fairness"] and found["curves"]["roc"] and found["skipped"] == []
    assert "key" not in {i["column"] for i in found["importances"]}
    again = make()
    assert {**again, "seconds": 0} == {**found, "seconds": 0}


def test_without_time_the_scores_remain_and_the_rest_is_named(binary):
    found = evaluation_report(
        binary.predictor, binary.table, binary.target, binary.task, binary.schema, Streams(0), seconds=0.0
    )
    assert found["metrics"]["roc_auc"]["value"] > 0.7
    assert [entry["column"] for entry in found["fairness"]] == ["member", "colour"]
    assert {s["part"] for s in found["skipped"]} >= {"importances", "slices"}


def test_the_limit_holds_for_a_slow_model(binary):
    class Slow:
        def predict(self, table):
            time.sleep(0.05)
            return binary.predictor.predict(table)

    before = time.monotonic()
    evaluation_report(Slow(), binary.table, binary.target, binary.task, binary.schema, Streams(0), seconds=0.6)
    assert time.monotonic() - before < 2.0


def test_background_is_drawn_from_the_table(binary):
    found = background_rows(binary.table, np.random.default_rng(0), 10)
    assert found.height == 10 and set(found["key"]) <= set(binary.table["key"])


def test_references_of_a_ranking_are_compared_user_by_user(regression):
    task = Task(Goal.RECOMMENDATION, "rating", "ndcg@10")
    target = Target(Goal.RECOMMENDATION, regression.target.values)
    plain = np.random.default_rng(0).random(60) * 0.5
    found = evaluation_report(
        regression.predictor,
        regression.table,
        target,
        task,
        regression.schema,
        Streams(0),
        references={"popularity": regression.predictor},
        ranking={"ndcg@10": plain + 0.1},
        reference_ranking={"popularity": plain},
    )
    popular = found["references"]["popularity"]
    assert popular["gain"]["real"] and popular["gain"]["value"] == pytest.approx(0.1)
    assert found["test"]["value"] == pytest.approx(popular["test"]["value"] + 0.1)
    assert found["importances"] == [] and found["slices"] == []
