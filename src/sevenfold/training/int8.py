"""A fitted pipeline whose large matrices of weights are stored in eight bits: see `core.int8`."""

from __future__ import annotations

from dataclasses import replace

from sevenfold.core.int8 import INT8
from sevenfold.core.pipeline import Pipeline
from sevenfold.core.state import own_states
from sevenfold.features.catalogue import FEATURES
from sevenfold.features.target import TARGETS
from sevenfold.models.catalogue import MODELS


def in_int8(pipeline: Pipeline) -> Pipeline:
    """The pipeline restored from its state in eight bits: what it predicts is what it will predict when it is loaded.

    Raises:
        DataError: weights that are not finite.
    """
    stored = replace(pipeline, precision=INT8).state()
    with own_states():
        return Pipeline.from_state(stored, FEATURES, MODELS, TARGETS)
