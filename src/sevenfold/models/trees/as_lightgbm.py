"""Trees of any origin written in LightGBM's text form, so that its fast walk of one row finds their leaves.

Only the walk is borrowed: thresholds are handed over exactly, and what the leaves hold is added up by their own model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.core.arrays import Flags, Floats, Ints

if TYPE_CHECKING:
    import lightgbm

_LEFT_WHEN_MISSING, _NAN_IS_MISSING = 2, 8  # bits of LightGBM's decision_type


@dataclass(frozen=True)
class Walk:
    """One binary tree, inner nodes and leaves numbered apart.

    Args:
        feature: (inner nodes,) column that is compared.
        threshold: (inner nodes,) at most this goes left.
        left, right: (inner nodes,) child: an inner node, or a leaf as ~leaf.
        missing_left: (inner nodes,) whether NaN goes left.
        leaves: (leaves,) value of each.
        sets: of inner nodes that ask for a category: the codes that go left; all else goes right. `as_booster` knows
            thresholds only.
    """

    feature: Ints
    threshold: Floats
    left: Ints
    right: Ints
    missing_left: Flags
    leaves: Floats
    sets: Mapping[int, Ints] = field(default_factory=dict)


def as_booster(trees: Sequence[Walk], columns: int) -> lightgbm.Booster:
    """A booster whose raw score is the sum of the leaves' values, tree after tree; its leaf places are the trees'."""
    import lightgbm

    blocks = [_block(number, tree) for number, tree in enumerate(trees)]
    names = " ".join(f"Column_{column}" for column in range(columns))
    head = [
        "tree",
        "version=v4",
        "num_class=1",
        "num_tree_per_iteration=1",
        "label_index=0",
        f"max_feature_idx={columns - 1}",
        "objective=regression",
        f"feature_names={names}",
        "feature_infos=" + " ".join(["[-1e+308:1e+308]"] * columns),
        "tree_sizes=" + " ".join(str(len(block)) for block in blocks),
        "",
        "",
    ]
    text = (
        "\n".join(head)
        + "".join(blocks)
        + "end of trees\n\nparameters:\nend of parameters\n\npandas_categorical:null\n"
    )
    return lightgbm.Booster(model_str=text)


def _block(number: int, tree: Walk) -> str:
    leaves = len(tree.leaves)
    lines = [f"Tree={number}", f"num_leaves={leaves}", "num_cat=0"]
    if leaves > 1:
        kinds = np.where(tree.missing_left, _NAN_IS_MISSING | _LEFT_WHEN_MISSING, _NAN_IS_MISSING)
        lines += [
            "split_feature=" + _joined(tree.feature),
            "split_gain=" + " ".join(["0"] * (leaves - 1)),
            "threshold=" + _joined(tree.threshold),
            "decision_type=" + _joined(kinds),
            "left_child=" + _joined(tree.left),
            "right_child=" + _joined(tree.right),
        ]
    lines += ["leaf_value=" + _joined(tree.leaves)]
    if leaves > 1:
        nothing = " ".join(["0"] * leaves)
        inner = " ".join(["0"] * (leaves - 1))
        lines += [
            f"leaf_weight={nothing}",
            f"leaf_count={nothing}",
            f"internal_value={inner}",
            f"internal_weight={inner}",
            f"internal_count={inner}",
        ]
    return "\n".join([*lines, "is_linear=0", "shrinkage=1", "", "", ""])


def _joined(values: Ints | Floats) -> str:
    return " ".join(map(repr, values.tolist()))
