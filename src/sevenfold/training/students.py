"""What a student learns: a teacher's answers in place of labels, on the training rows and on rows made from them.

Sources: Bucila, Caruana and Niculescu-Mizil, Model Compression, KDD 2006; Hinton, Vinyals and Dean, Distilling the
Knowledge in a Neural Network, 2015; Fakoor et al., Fast, Accurate, and Simple Models for Tabular Data via Augmented
Distillation, NeurIPS 2020.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.inputs import Block, Form, Inputs
from sevenfold.core.task import Target

_LEAST_SHARE = 0.01  # of a row's probability that a class must have to be worth a row of its own


@dataclass(frozen=True)
class Lesson:
    """What a model is fitted on.

    Args:
        rows: places among the true rows and the made ones behind them; a row stands once for each class it may be of.
        target: of those places, with weights.
    """

    rows: Ints
    target: Target


def lesson(truth: Target, answers: Floats, sources: Ints, trust: float) -> Lesson:
    """Labels and answers mixed, in a form that any model with sample weights can learn.

    Probabilities are learned by their cross entropy: a row is given once with each class that is likely at all,
    weighted by its probability, which is the same loss (up to a constant) as one on soft labels. Numbers are learned as
    they are, kept within the range of the true ones.

    Args:
        truth: target of the true rows.
        answers: (true and made rows,) values or (true and made rows, classes) probabilities of the teacher.
        sources: for each made row the true row that it was made from, whose weight it takes.
        trust: weight of the answers beside the labels, from 0 to 1; made rows have no label.
    """
    count = len(truth)
    weights = np.ones(count) if truth.weights is None else truth.weights
    weights = np.concatenate([weights, weights[sources]])
    if not truth.goal.is_classification:
        values = np.clip(answers, truth.values.min(), truth.values.max())
        values[:count] = trust * values[:count] + (1.0 - trust) * truth.values
        kept = None if truth.weights is None else weights
        return Lesson(np.arange(len(values)), Target(truth.goal, values, 0, kept))
    shares = np.array(answers, dtype=np.float64)
    shares[:count] *= trust
    shares[np.arange(count), truth.codes] += 1.0 - trust
    shares[(shares < _LEAST_SHARE) & (shares < shares.max(axis=1, keepdims=True))] = 0.0
    shares /= shares.sum(axis=1, keepdims=True)
    rows, codes = np.nonzero(shares)
    share = weights[rows] * shares[rows, codes]
    return Lesson(rows, Target(truth.goal, codes.astype(np.float64), truth.classes, share))


def behind(first: Inputs, second: Inputs) -> Inputs:
    """The rows of both, one after the other; the blocks must have the same columns."""
    blocks = {form: _stacked([first[form], second[form]]) for form in first.blocks}
    return Inputs(first.rows + second.rows, blocks)


def _stacked(parts: Sequence[Block]) -> Block:
    one = parts[0]
    if one.form is Form.SPARSE:
        from scipy import sparse

        return Block(one.form, one.names, sparse.vstack([part.values for part in parts], format="csr"), one.levels)
    return Block(one.form, one.names, np.concatenate([part.values for part in parts]), one.levels)
