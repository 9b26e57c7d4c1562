"""The model behind BentoML, as its documentation shows: an API method of a service. MODEL_FILE names the trees."""

import os

import bentoml
import lightgbm
import numpy as np


@bentoml.service(workers=1)
class Trees:
    def __init__(self) -> None:
        self.booster = lightgbm.Booster(model_file=os.environ["MODEL_FILE"])

    @bentoml.api
    def predict(self, record: dict[str, float]) -> list[float]:
        row = np.array([list(record.values())])
        return self.booster.predict(row, num_threads=1).tolist()
