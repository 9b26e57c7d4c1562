"""Every metric, the one that a goal takes by default, and those that fit it."""

from __future__ import annotations

from sevenfold.core.arrays import Floats
from sevenfold.core.errors import RequestError
from sevenfold.core.metric import Metric
from sevenfold.core.registry import Catalogue
from sevenfold.core.task import Goal, Task

_HOME = "sevenfold.evaluation.metrics"

ALIASES = {
    "auc": "roc_auc",
    "roc": "roc_auc",
    "auroc": "roc_auc",
    "roc_auc_ovr": "roc_auc",
    "ap": "average_precision",
    "pr_auc": "average_precision",
    "auprc": "average_precision",
    "logloss": "log_loss",
    "neg_log_loss": "log_loss",
    "cross_entropy": "log_loss",
    "brier_score": "brier",
    "acc": "accuracy",
    "bacc": "balanced_accuracy",
    "f1_score": "f1",
    "macro_f1": "f1_macro",
    "matthews": "mcc",
    "matthews_corrcoef": "mcc",
    "kappa": "cohen_kappa",
    "qwk": "quadratic_kappa",
    "ece": "expected_calibration_error",
    "lift": "top_decile_lift",
    "root_mean_squared_error": "rmse",
    "mean_squared_error": "mse",
    "mean_absolute_error": "mae",
    "medae": "median_absolute_error",
    "r_squared": "r2",
    "mean_absolute_percentage_error": "mape",
    "root_mean_squared_log_error": "rmsle",
    "quantile_loss": "pinball",
    "poisson": "poisson_deviance",
    "ndcg": "ndcg@10",
    "recall_at_10": "recall@10",
    "ndcg_at_10": "ndcg@10",
}


class _Metrics(Catalogue[type[Metric]]):
    """The catalogue, which also answers to aliases and other spellings ("AUC", "log-loss")."""

    def get(self, name: str) -> type[Metric]:
        """The metric of that name or alias."""
        return super().get(canonical(name))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and canonical(name) in self.names()


def canonical(name: str) -> str:
    """The catalogue's name for a name as people write it; an unknown one is returned tidied."""
    tidy = name.strip().lower().replace("-", "_").replace(" ", "_")
    return ALIASES.get(tidy, tidy)


METRICS: Catalogue[type[Metric]] = _Metrics(
    "Metric",
    "sevenfold.metrics",
    {
        "roc_auc": f"{_HOME}.roc_auc:RocAuc",
        "average_precision": f"{_HOME}.average_precision:AveragePrecision",
        "log_loss": f"{_HOME}.log_loss:LogLoss",
        "brier": f"{_HOME}.brier:Brier",
        "accuracy": f"{_HOME}.accuracy:Accuracy",
        "balanced_accuracy": f"{_HOME}.accuracy:BalancedAccuracy",
        "f1": f"{_HOME}.f1:F1",
        "f1_macro": f"{_HOME}.f1:F1Macro",
        "precision": f"{_HOME}.f1:Precision",
        "recall": f"{_HOME}.f1:Recall",
        "mcc": f"{_HOME}.agreement:MatthewsCorrelation",
        "cohen_kappa": f"{_HOME}.agreement:CohenKappa",
        "quadratic_kappa": f"{_HOME}.agreement:QuadraticKappa",
        "expected_calibration_error": f"{_HOME}.calibration_error:ExpectedCalibrationError",
        "top_decile_lift": f"{_HOME}.lift:TopDecileLift",
        "cost": f"{_HOME}.cost:Cost",
        "rmse": f"{_HOME}.errors:RootMeanSquaredError",
        "mse": f"{_HOME}.errors:MeanSquaredError",
        "mae": f"{_HOME}.errors:MeanAbsoluteError",
        "median_absolute_error": f"{_HOME}.errors:MedianAbsoluteError",
        "r2": f"{_HOME}.fit:RSquared",
        "mape": f"{_HOME}.errors:MeanAbsolutePercentageError",
        "rmsle": f"{_HOME}.errors:RootMeanSquaredLogError",
        "pinball": f"{_HOME}.fit:Pinball",
        "poisson_deviance": f"{_HOME}.fit:PoissonDeviance",
        "bias": f"{_HOME}.errors:Bias",
        "ndcg@10": f"{_HOME}.ranking:NdcgAt10",
        "recall@10": f"{_HOME}.ranking:RecallAt10",
    },
)

_DEFAULTS = {
    Goal.BINARY: "roc_auc",
    Goal.MULTICLASS: "log_loss",
    Goal.REGRESSION: "rmse",
    Goal.RECOMMENDATION: "ndcg@10",
}
_BY_OBJECTIVE = {"median": "mae", "quantile": "pinball", "counts": "poisson_deviance"}


def default_metric(goal: Goal, objective: str = "mean") -> str:
    """The metric of a goal where the user names none; `objective` refines regression.

    Raises:
        RequestError: no metric exists for the goal yet.
    """
    if goal is Goal.REGRESSION and objective in _BY_OBJECTIVE:
        return _BY_OBJECTIVE[objective]
    if goal not in _DEFAULTS:
        raise RequestError(
            f"There is no metric for the task '{goal}'.",
            "one of: " + ", ".join(_DEFAULTS),
            str(goal),
            "Name another task with --task.",
        )
    return _DEFAULTS[goal]


def metrics_for(goal: Goal) -> list[str]:
    """Names of the metrics that fit a goal, in the catalogue's order."""
    return [name for name, metric in METRICS if goal in metric.spec.goals]


def check_metric(name: str, goal: Goal) -> str:
    """The catalogue's name of the metric, which must fit the goal.

    Raises:
        RequestError: the metric is unknown or does not fit; it names those that do.
    """
    metric = METRICS.get(name)
    if goal not in metric.spec.goals:
        fitting = metrics_for(goal)
        twin = f"{metric.spec.name}_macro"
        raise RequestError(
            f"Metric '{metric.spec.name}' does not fit the task '{goal}'.",
            "one of: " + ", ".join(fitting),
            repr(name),
            f"Take '{twin}'." if twin in fitting else "Take a metric from the list.",
        )
    return metric.spec.name


def metric_for(task: Task, name: str | None = None, costs: Floats | None = None) -> Metric:
    """The task's metric, or another by name, ready to call: with the task's quantile and its costs."""
    metric = METRICS.get(check_metric(name or task.metric, task.goal))
    if metric.spec.name == "pinball":
        from sevenfold.evaluation.metrics.fit import Pinball

        return Pinball(task.quantile)
    if metric.spec.name == "cost":
        from sevenfold.evaluation.metrics.cost import Cost

        return Cost(costs)
    return metric()
