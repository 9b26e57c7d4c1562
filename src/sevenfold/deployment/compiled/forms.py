"""Which of a model's forms answers one row: all are tried on sample rows, the right ones are timed, the quickest wins.

The candidates are the model's own forms (native calls, plain code) and, where it is asked for, an onnxruntime session.
Right is only what gives bit for bit what the frame form gives: a lone row is answered as it is within a batch. A
session adds up float32 in another order, so that for networks it is refused, with the difference told.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any

from sevenfold.core.compiled import RowInputs, RowPredictor
from sevenfold.core.errors import RequestError, SevenfoldError
from sevenfold.core.state import pack
from sevenfold.deployment.compiled.by_onnx import onnx_form
from sevenfold.deployment.compiled.predict import ModelAt
from sevenfold.deployment.compiled.steps import same

ONNX = "onnx"
WORTH_SECONDS = 50e-6
"""A session takes some tens of microseconds for any row: where an own form takes less, none is built."""
MOST_BYTES = 2_000_000
"""Writing the graph of a larger model takes seconds."""

_LOG = logging.getLogger("sevenfold.serve")


def choose_form(
    model: ModelAt,
    inputs: Sequence[RowInputs],
    expected: Sequence[list[float]],
    seconds: Callable[[RowPredictor, Sequence[RowInputs]], float],
    onnx: bool,
) -> tuple[float, dict[str, Any]]:
    """Take the quickest of a model's forms that predict the same, or leave it to its frame form.

    Args:
        model: to be asked.
        inputs, expected: of the sample rows.
        seconds: of a form for one of some rows.
        onnx: whether a session is a candidate; it is built only where no own form is quick already.
    Returns:
        its seconds, infinite for the frame form; and `model`, `chosen`, and `forms` with the microseconds of each or
        why it was refused.
    """
    right: dict[str, tuple[float, RowPredictor]] = {}
    told: dict[str, float | str] = {}

    def attempt(name: str, form: RowPredictor) -> None:
        wrong = _wrong(form, inputs, expected)
        if not wrong:
            right[name] = seconds(form, inputs), form
        told[name] = wrong or round(1e6 * right[name][0], 1)

    for number, form in enumerate(model.forms, 1):
        attempt(f"own {number}", form)
    if onnx and all(taken > WORTH_SECONDS for taken, _ in right.values()):
        try:
            attempt(ONNX, _session(model))
        except SevenfoldError as error:
            told[ONNX] = error.what
        except Exception as error:  # whatever its libraries raise, the own forms answer the same
            told[ONNX] = f"it could not be built: {error!r}"[:200]
        if ONNX not in right:
            _LOG.info("%s is asked without onnxruntime: %s", model.name, told[ONNX])
    if not right:
        model.take_frame()
        return float("inf"), {"model": model.name, "chosen": "frame", "forms": told}
    chosen = min(right, key=lambda name: right[name][0])
    taken, form = right[chosen]
    model.take(form)
    return taken, {"model": model.name, "chosen": chosen, "forms": told}


def _session(model: ModelAt) -> RowPredictor:
    size = sum(map(len, pack(model.pipeline.model.state()).values()))
    if size > MOST_BYTES:
        raise RequestError(
            "The model is too large for a session.", f"{MOST_BYTES} bytes", f"{size} bytes", "Ask it as it is."
        )
    return onnx_form(model.pipeline.model, [at.block for at in model.outputs])


def chosen_by(metadata: Mapping[str, Any]) -> Callable[[int], bool]:
    """Which models of a bundle were quickest as sessions when it was made; nobody has checked what it says."""
    told = metadata.get("forms")
    entries = told if isinstance(told, list) else []
    chosen = {
        number for number, entry in enumerate(entries) if isinstance(entry, Mapping) and entry.get("chosen") == ONNX
    }
    return chosen.__contains__


def can_run_onnx() -> bool:
    """Whether what builds and runs sessions is installed."""
    return find_spec("onnx") is not None and find_spec("onnxruntime") is not None


def _wrong(form: RowPredictor, inputs: Sequence[RowInputs], expected: Sequence[list[float]]) -> str:
    """Why a form is refused; "" where it predicts every row bit for bit."""
    worst = 0.0
    try:
        for row, wanted in zip(inputs, expected, strict=True):
            found = form(row)
            if not same(found, wanted):
                worst = max([worst, *(abs(a - b) for a, b in zip(found, wanted, strict=True))])
                if len(found) != len(wanted) or not worst > 0:
                    return "other values"
    except Exception as error:  # whatever a part does wrong, another form stands in
        return f"it fails: {error!r}"[:200]
    return f"differs by up to {worst:.1e}, and bit for bit is asked" if worst else ""
