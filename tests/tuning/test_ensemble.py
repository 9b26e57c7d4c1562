import numpy as np
import pytest

from sevenfold.core.arrays import Floats, Ints
from sevenfold.tuning.ensemble import COMBINERS, AverageCombiner, Room, StackCombiner, greedy_blend


def squares(truth: Floats):  # type: ignore[no-untyped-def]
    def loss(predicted: Floats, rows: Ints) -> float:
        return float(np.mean((predicted[rows] - truth[rows]) ** 2)) if len(predicted) == len(truth) else float("nan")

    return loss


def test_a_blend_of_independent_errors_beats_each() -> None:
    generator = np.random.default_rng(0)
    truth = generator.normal(size=2000)
    predictions = [truth + generator.normal(size=2000) * s for s in (0.5, 0.5, 0.6, 5.0)]
    blend = greedy_blend(predictions, squares(truth), np.arange(2000), most_members=4)
    assert blend.loss < 0.6 * min(np.mean((p - truth) ** 2) for p in predictions)
    assert 3 not in blend.members
    assert sum(blend.weights) == pytest.approx(1.0)
    assert list(blend.weights) == sorted(blend.weights, reverse=True)


def test_most_members_is_kept() -> None:
    generator = np.random.default_rng(1)
    truth = generator.normal(size=500)
    predictions = [truth + generator.normal(size=500) for _ in range(6)]
    assert len(greedy_blend(predictions, squares(truth), np.arange(500), most_members=2).members) == 2


def test_a_stack_mends_what_weights_cannot() -> None:
    generator = np.random.default_rng(2)
    truth = generator.normal(size=1000)
    predictions = [0.3 * truth + 5 + generator.normal(size=1000) * 0.05]
    stack = StackCombiner()
    stack.fit(predictions, truth, classes=0)
    assert np.mean((stack.combine(predictions) - truth) ** 2) < 0.1


def test_a_stack_of_probabilities_gives_probabilities() -> None:
    generator = np.random.default_rng(3)
    codes = generator.integers(0, 3, size=900)
    predictions = []
    for strength in (1.0, 2.0):
        logits = generator.normal(size=(900, 3)) + strength * np.eye(3)[codes]
        shares = np.exp(logits)
        predictions.append(shares / shares.sum(axis=1, keepdims=True))
    stack = StackCombiner()
    stack.fit(predictions, codes.astype(float), classes=3)
    joined = stack.combine(predictions)
    np.testing.assert_allclose(joined.sum(axis=1), 1.0)
    assert stack.weights[1] > stack.weights[0]
    assert (joined.argmax(axis=1) == codes).mean() > max((p.argmax(axis=1) == codes).mean() for p in predictions) - 0.01


@pytest.mark.parametrize("name", COMBINERS.names())
def test_combiners_survive_their_state(name: str) -> None:
    generator = np.random.default_rng(4)
    predictions = [generator.dirichlet([1, 1], size=50) for _ in range(2)]
    combiner = AverageCombiner([0.3, 0.7]) if name == "average" else StackCombiner()
    if isinstance(combiner, StackCombiner):
        combiner.fit(predictions, generator.integers(0, 2, 50).astype(float), classes=2)
    again = COMBINERS.get(name)()
    again.restore(combiner.state())
    np.testing.assert_array_equal(again.combine(predictions), combiner.combine(predictions))
    one = again.combine([p[:1] for p in predictions])
    np.testing.assert_array_equal(one, combiner.combine(predictions)[:1])


def test_members_keep_within_their_room() -> None:
    generator = np.random.default_rng(0)
    truth = generator.normal(size=2000)
    predictions = [truth + generator.normal(size=2000) * s for s in (0.5, 0.51, 0.52)]
    rows = np.arange(2000)
    assert len(greedy_blend(predictions, squares(truth), rows, most_members=3).members) == 3
    tight = greedy_blend(predictions, squares(truth), rows, most_members=3, room=Room((4.0, 9.0, 5.0), 10.0))
    assert sorted(tight.members) == [0, 2]
    assert greedy_blend(predictions, squares(truth), rows, 3, room=Room((11.0, 10.0, 5.0), 10.0)).members == (1,)


def test_a_member_must_earn_its_place() -> None:
    generator = np.random.default_rng(0)
    truth = generator.normal(size=2000)
    best = truth + generator.normal(size=2000) * 0.5
    near = best + generator.normal(size=2000) * 0.02
    blend = greedy_blend([best, near], squares(truth), np.arange(2000), most_members=2, least_gain=0.01)
    assert blend.members == (0,)
