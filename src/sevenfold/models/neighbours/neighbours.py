"""Nearest neighbours."""

from __future__ import annotations

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.compiled import RowInputs, RowPredictor
from sevenfold.core.errors import BundleError
from sevenfold.core.inputs import Form, Inputs
from sevenfold.core.int8 import Matrix
from sevenfold.core.model import Cost, Estimator, FitContext, FitInfo, ModelSpec, Size, Trait, Valid
from sevenfold.core.space import Choice, Integer, Space
from sevenfold.core.state import State
from sevenfold.core.task import Goal, Target
from sevenfold.models.cost import cost_of
from sevenfold.models.fitting import equal_or, learnable
from sevenfold.models.neighbours.one_row import row_search
from sevenfold.models.neighbours.search import nearest
from sevenfold.models.probabilities import normalised, row_normalised
from sevenfold.models.scaling import Scaling

# The model is its rows: beyond this many a random sample of them is kept, and the fit's notes say so.
_MOST_ROWS = 10_000
_MOST_CELLS = 4_000_000


class Neighbours(Estimator):
    """The answer of the known rows that are nearest, after standardising each column."""

    spec = ModelSpec(
        name="neighbours",
        title="Nearest neighbours",
        solves=frozenset({Goal.BINARY, Goal.MULTICLASS, Goal.REGRESSION}),
        accepts=frozenset({Form.NUMBERS}),
        space=Space(
            neighbours=Integer(15, 1, 200, log=True, help="rows that are asked"),
            weighting=Choice("distance", ("distance", "equal"), help="nearer rows count more, or all the same"),
        ),
        portfolio=({}, {"neighbours": 5}, {"neighbours": 50}, {"neighbours": 40, "weighting": "equal"}),
        cost=lambda _, size: _cost(size),
        source="Cover and Hart, Nearest Neighbor Pattern Classification, IEEE Information Theory 13, 1967",
        summary="Where like rows have like answers and columns are few; different enough to help an ensemble.",
        traits=frozenset({Trait.WEIGHTS}),
    )
    matrices = (Matrix("points", channel=1),)

    def fit(self, inputs: Inputs, target: Target, valid: Valid | None, context: FitContext) -> FitInfo:
        """Keep the rows; `valid` is not looked at."""
        inputs, target = learnable(self.spec, inputs, target, context)
        rows = len(target)
        most = int(min(_MOST_ROWS, max(100, _MOST_CELLS // max(1, inputs[Form.NUMBERS].values.shape[1]))))
        notes = {}
        if rows > most:
            kept = _sample(target, most, context.stream)
            inputs, target = inputs.take(kept), target.take(kept)
            notes = {"rows kept": len(kept), "rows given": rows}
        self.scaling = Scaling.of(inputs[Form.NUMBERS].values, target.weights)
        self.points = self.scaling.apply(inputs[Form.NUMBERS].values)
        self.answers = target.values.copy()
        self.row_weights = equal_or(target.weights, len(target)).copy()
        self.classes = target.classes
        self.squares = (self.points**2).sum(axis=1)
        return FitInfo(notes=notes)

    def predict(self, inputs: Inputs) -> Floats:
        """See `Model.predict`."""
        return self._answer(self.scaling.apply(inputs[Form.NUMBERS].values))

    def row_predictor(self) -> RowPredictor:
        """See `Model.row_predictor`."""
        scale, answer, classes = self.scaling.row(), self._answer, self.classes
        search = row_search(self.points, min(self.params["neighbours"], len(self.points)))
        answers, say_of, add = self.answers, self._say, np.add.reduce
        codes = answers.astype(np.int64) if classes else None

        def predict(row: RowInputs) -> list[float]:
            values = scale(row.numbers)
            found = search(values)
            if found is None:
                known: list[float] = answer(values[None, :]).ravel().tolist()
                return known
            distances, places = found
            say = say_of(distances, places)
            if codes is None:
                return [float(add(say * answers.take(places)) / add(say))]
            votes = [0.0] * classes
            for code, weight in zip(codes.take(places).tolist(), say.tolist(), strict=True):
                votes[code] += weight
            doubt = 0.1 * float(add(say) / len(say)) / classes
            return row_normalised([vote + doubt for vote in votes])

        return predict

    def _answer(self, values: Floats) -> Floats:
        """Predictions of (rows, columns) standardised values."""
        asked = min(self.params["neighbours"], len(self.points))
        distances, places = nearest(values, self.points, self.squares, asked)
        say = self._say(distances, places)
        answers = self.answers[places]
        if not self.classes:
            total = (say * answers).sum(axis=1)
            return total / say.sum(axis=1)
        votes = np.zeros((len(values), self.classes))
        rows = np.arange(len(values))
        for place in range(asked):
            votes[rows, answers[:, place].astype(np.int64)] += say[:, place]
        # As if one more row, far away, had voted for every class alike: few votes give no certainty.
        return normalised(votes + 0.1 * say.mean(axis=1, keepdims=True) / self.classes)

    def state(self) -> State:
        """What was learned, as data."""
        return {
            "scaling": self.scaling.state(),
            "points": self.points,
            "answers": self.answers,
            "weights": self.row_weights,
            "classes": self.classes,
        }

    def restore(self, state: State) -> None:
        """Take over what `state` gave."""
        self.scaling = Scaling.restored(state["scaling"])
        self.points = np.asarray(state["points"], np.float64)
        self.answers = np.asarray(state["answers"], np.float64)
        self.row_weights = np.asarray(state["weights"], np.float64)
        self.classes = int(state["classes"])
        shaped = self.points.ndim == 2 and self.points.shape[1] == len(self.scaling.mean)
        if not shaped or not len(self.points) == len(self.answers) == len(self.row_weights) > 0:
            raise BundleError("Stored neighbours are damaged.", "as many answers as rows", str(self.points.shape))
        if self.classes and not (self.answers.min() >= 0 and self.answers.max() < self.classes):
            raise BundleError("Stored neighbours are damaged.", f"{self.classes} classes", "an answer beyond them")
        self.squares = (self.points**2).sum(axis=1)

    def _say(self, distances: Floats, places: Ints) -> Floats:
        """What neighbours count, (rows, neighbours) or those of one row."""
        known = self.row_weights[places]
        if self.params["weighting"] == "equal":
            return known
        # The distance is measured in the farthest neighbour's; a tenth keeps an equal row from silencing the others.
        reach = np.maximum(distances[..., -1:], 1e-300)
        return known / (distances / reach + 0.1)


def _sample(target: Target, rows: int, stream: np.random.Generator) -> Ints:
    """Rows at random, in order; for classification rare classes keep at least a few."""
    order = stream.permutation(len(target))
    if not target.goal.is_classification:
        return np.sort(order[:rows])
    codes = target.codes[order]
    first = np.zeros(len(order), dtype=bool)
    for code in range(target.classes):
        first[np.flatnonzero(codes == code)[:5]] = True
    ranked = np.concatenate([order[first], order[~first]])
    return np.sort(ranked[: max(rows, int(first.sum()))])


def _cost(size: Size) -> Cost:
    rows = min(size.rows, _MOST_ROWS)
    # Learning is next to nothing; the folds' predictions are counted, a quarter of the rows.
    return cost_of(size, 0.25 * size.rows * (20_000 + rows * (15 + 0.5 * size.columns)))
