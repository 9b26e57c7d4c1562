"""Models, ensemble, calibration and target on one row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.compiled import RowInputs, RowPredictor, SparseRow
from sevenfold.core.inputs import Block, Form, Inputs
from sevenfold.core.pipeline import Pipeline
from sevenfold.core.predictor import Calibrator, Combiner, Predictor
from sevenfold.deployment.compiled.steps import Row, RowStepAt, Unsuited, block_of
from sevenfold.tuning.calibrate import TemperatureCalibrator
from sevenfold.tuning.ensemble import AverageCombiner

RowModel: TypeAlias = Callable[[Row], Floats]
"""From the working set to the prediction: (1, classes), or (1,) of a number."""

RowValues: TypeAlias = Callable[[Row], list[float]]
"""From the working set to one pipeline's, member's or ensemble's prediction of the row."""

_LEAST = 1e-15  # no probability is believed to be smaller, see `tuning.calibrate`


@dataclass
class ModelAt:
    """One pipeline's model in the row program.

    Args:
        name: for people.
        pipeline: it belongs to.
        outputs: the steps whose blocks it receives.
        gather: its inputs from the working set.
        predict: the model's row predictor, or its frame form.
        by_frame: computes the same through `Model.predict`.
        forms: its row predictors, one of which is chosen.
        quick: whether `predict` is a row predictor.
    """

    name: str
    pipeline: Pipeline
    outputs: Sequence[RowStepAt]
    gather: Callable[[Row], Any]
    predict: Callable[[Any], list[float]]
    by_frame: RowPredictor
    forms: tuple[RowPredictor, ...]
    quick: bool

    def take_frame(self) -> None:
        """From now on the frame form computes it."""
        self.predict, self.quick = self.by_frame, False

    @classmethod
    def of(cls, pipeline: Pipeline, steps: Mapping[str, RowStepAt], name: str) -> ModelAt:
        """The model of a pipeline whose steps are in the program."""
        outputs = [steps[output] for output in pipeline.recipe.outputs]
        by_frame = _by_frame(pipeline, outputs)
        forms = tuple(pipeline.model.row_predictors())
        return cls(
            name, pipeline, outputs, _gather(outputs), forms[0] if forms else by_frame, by_frame, forms, bool(forms)
        )

    def take(self, form: RowPredictor) -> None:
        """From now on this one of the row predictors computes it."""
        self.predict, self.quick = form, True

    def take_sums(self, slot: int, number: int, finish: Callable[[list[float]], list[float]]) -> None:
        """From now on the sums that stand in a slot, of several models, are made its prediction.

        Args:
            slot: holds lists of sums.
            number: of its own one.
            finish: from these sums to the prediction.
        """
        self.gather, self.predict, self.quick = (lambda row: row[slot][number]), finish, True

    def values(self, classifies: bool) -> RowValues:
        """The pipeline's prediction of one row: probabilities where it `classifies`, else one value."""
        gather, predict, invert = self.gather, self.predict, self.pipeline.target.invert
        if self.pipeline.recipe.target == "identity":
            return lambda row: predict(gather(row))

        def values(row: Row) -> list[float]:
            found = predict(gather(row))
            made: list[float] = invert(np.array([found] if classifies else found, dtype=np.float64)).ravel().tolist()
            return made

        return values


def whole(predictor: Predictor, models: Sequence[Sequence[ModelAt]]) -> RowModel:
    """The predictor's answer for one row, as `Predictor.predict` computes it.

    Args:
        predictor: combines and calibrates.
        models: of each member.
    """
    classifies = predictor.task.goal.is_classification
    members = [_mean([model.values(classifies) for model in of_member]) for of_member in models]
    combined, calibrated = _combined(predictor.combiner, members, classifies), _calibrated(predictor.calibrator)

    def answer(row: Row) -> Floats:
        found = calibrated(combined(row))
        return np.array([found] if classifies else found, dtype=np.float64)

    return answer


def _calibrated(calibrator: Calibrator | None) -> Callable[[list[float]], list[float]]:
    if calibrator is None:
        return lambda probabilities: probabilities
    apply = calibrator.apply

    def by_array(probabilities: list[float]) -> list[float]:
        made: list[float] = apply(np.array([probabilities], dtype=np.float64))[0].tolist()
        return made

    if type(calibrator) is not TemperatureCalibrator:
        return by_array
    slope, shift, log, exp, array = calibrator.slope, calibrator.shift, np.log, np.exp, np.array

    def binary(probabilities: list[float]) -> list[float]:
        """`TemperatureCalibrator.apply` of one row; the logarithm and the power are numpy's, which has its own."""
        if len(probabilities) != 2:
            return several(probabilities)
        first, second = log(array([_LEAST if p < _LEAST else 1.0 if p > 1.0 else p for p in probabilities])).tolist()
        z = slope * (second - first) + shift
        positive = float(1.0 / (1.0 + exp(-(-700.0 if z < -700.0 else 700.0 if z > 700.0 else z))))
        return [1.0 - positive, positive]

    highest, total = np.maximum.reduce, np.add.reduce

    def several(probabilities: list[float]) -> list[float]:
        """The same for more classes."""
        z = log(array([_LEAST if p < _LEAST else 1.0 if p > 1.0 else p for p in probabilities]))
        z *= slope
        z -= highest(z)
        exp(z, z)
        z /= total(z)
        made: list[float] = z.tolist()
        return made

    # Tried on what it may meet; should another numpy round a lone number otherwise, the arrays go on.
    trials = [[1.0 - share, share] for share in (0.0, 1e-300, 1e-9, *(place / 97 for place in range(98)), 1.0)]
    trials += [
        [(place * 7 + turn) % 5 / 9 + 1e-17 for place in range(count)] for count in (3, 9, 40) for turn in range(5)
    ]
    return binary if all(binary(trial) == by_array(trial) for trial in trials) else by_array


def _mean(pipelines: Sequence[RowValues]) -> RowValues:
    """Plain floats round as arrays of them do, and few of them are added up in less time."""
    if len(pipelines) == 1:
        return pipelines[0]
    count, first, rest = len(pipelines), pipelines[0], pipelines[1:]

    def mean(row: Row) -> list[float]:
        total = first(row)
        for pipeline in rest:
            total = [sum_ + value for sum_, value in zip(total, pipeline(row), strict=True)]
        return [value / count for value in total]

    return mean


def _combined(combiner: Combiner, members: Sequence[RowValues], classifies: bool) -> RowValues:
    if type(combiner) is AverageCombiner:
        weighted = list(zip(members[1:], combiner.weights[1:], strict=True))
        first, share = members[0], combiner.weights[0]
        if not weighted and share == 1.0:
            return first

        def average(row: Row) -> list[float]:
            total = [value * share for value in first(row)]
            for member, weight in weighted:
                total = [sum_ + value * weight for sum_, value in zip(total, member(row), strict=True)]
            return total

        return average

    def combined(row: Row) -> list[float]:
        found = [member(row) for member in members]
        made = combiner.combine([np.array([of] if classifies else of, dtype=np.float64) for of in found])
        return list(made.ravel().tolist())

    return combined


def _gather(outputs: Sequence[RowStepAt]) -> Callable[[Row], RowInputs]:
    slots = {form: [at.slot for at in outputs if at.block.form is form] for form in Form}
    number, code = slots[Form.NUMBERS], slots[Form.CATEGORIES]
    sparse = [at for at in outputs if at.block.form is Form.SPARSE]
    widths = [int(at.block.values.shape[1]) for at in sparse]
    starts = [sum(widths[:place]) for place in range(len(widths))]

    def joined(row: Row, parts: list[int]) -> list[Any]:
        if len(parts) == 1:
            values: list[Any] = row[parts[0]]
            return values
        values = []
        for slot in parts:
            values += row[slot]
        return values

    def gather(row: Row) -> RowInputs:
        inputs = RowInputs(joined(row, number), joined(row, code))
        if sparse:
            places: list[int] = []
            values: list[float] = []
            for at, start in zip(sparse, starts, strict=True):
                found: SparseRow = row[at.slot]
                places += [start + place for place in found.places] if start else found.places
                values += found.values
            inputs.sparse = SparseRow(places, values)
        return inputs

    return gather


def _by_frame(pipeline: Pipeline, outputs: Sequence[RowStepAt]) -> RowPredictor:
    """The model's own `predict` on arrays of one row."""
    forms = {form: [at.block for at in outputs if at.block.form is form] for form in Form}
    likes = {form: _joined(blocks) for form, blocks in forms.items() if blocks}

    def predict(row: RowInputs) -> list[float]:
        given = {Form.NUMBERS: row.numbers, Form.CATEGORIES: row.codes, Form.SPARSE: row.sparse}
        blocks = {form: block_of(like, given[form]) for form, like in likes.items()}
        found: list[Any] = pipeline.model.predict(Inputs(1, blocks)).tolist()
        return found[0] if isinstance(found[0], list) else found

    return predict


def _joined(blocks: Sequence[Block]) -> Block:
    try:
        return Inputs.of(blocks[0].rows, blocks).blocks[blocks[0].form]
    except Exception as error:
        raise Unsuited(f"blocks cannot be joined: {error!r}") from error
