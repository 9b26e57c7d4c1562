"""What MLflow imports to load an exported folder: `loader_module` of its `python_function` flavour."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sevenfold.deployment.bundle import load
from sevenfold.deployment.model import LoadedModel

if TYPE_CHECKING:
    import pandas as pd


class MLflowModel:
    """A loaded model with the `predict` that MLflow calls."""

    def __init__(self, model: LoadedModel) -> None:
        self.model = model

    def predict(self, model_input: Any, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """One row for each input row: `prediction`, and `probability_<class>` with `params={"proba": True}`.

        Args:
            model_input: a pandas frame, or records.
            params: `proba` asks for the probability of each class.
        """
        import pandas as pd

        from sevenfold.data.classes import spelled

        answer = self.model.answer(model_input)
        columns: dict[str, Any] = {"prediction": answer.labels}
        if (params or {}).get("proba") and answer.probabilities is not None:
            names = spelled(self.model.task.classes)
            columns.update({f"probability_{name}": answer.probabilities[:, i] for i, name in enumerate(names)})
        return pd.DataFrame(columns)


def _load_pyfunc(path: str, model_config: dict[str, Any] | None = None) -> MLflowModel:
    """Called by MLflow with the path of the bundle, or of the folder that holds it."""
    from sevenfold.deployment.export.mlflow import BUNDLE

    found = Path(path)
    return MLflowModel(load(found / BUNDLE if found.is_dir() else found))
