"""Memory: what a fit will take, how it is made to fit, and giving back what is free."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.core.arrays import Ints
from sevenfold.core.context import Streams
from sevenfold.core.errors import LimitError
from sevenfold.core.inputs import Form, Inputs
from sevenfold.core.model import Size
from sevenfold.core.recipe import Recipe
from sevenfold.core.task import Target
from sevenfold.training.code_pages import give_back_code

if TYPE_CHECKING:
    import polars as pl

LIBRARIES_BYTES = 120 * 10**6
"""What a worker holds of its own before its first fit."""
SHARES = (1.0, 0.5, 0.25, 0.125)
"""Of its training rows, that a fit may be made with to keep within memory: few steps, so that the same limit always
gives the same rows."""
_PROBED_ROWS = 500
_FEWEST_ROWS = 500
_SURE = 0.05  # of the limit: a fit whose cells would take less, twenty times over, needs no estimate
_ENCODING_COPIES = 2  # a step's output, and the joined inputs


@dataclass(frozen=True)
class Need:
    """Bytes that a fit takes at its peak.

    Args:
        fixed: whatever the training rows: libraries, validation rows.
        row: for each training row: typed, encoded, and the model's own.
    """

    fixed: float
    row: float

    def of(self, rows: int) -> float:
        """For so many training rows."""
        return self.fixed + self.row * rows


def need_of(
    recipe: Recipe, table: pl.DataFrame, target: Target, valid_rows: int, train_rows: int, threads: int = 1
) -> Need:
    """What fitting a recipe takes: its features are fitted on a few rows, and the model states the rest.

    Args:
        table: typed rows to try the features on; `target` is theirs.
        valid_rows, train_rows: of the fit.
        threads: of the fit.
    """
    from sevenfold.models.catalogue import MODELS
    from sevenfold.training.fit import fit_features

    step = max(1, table.height // _PROBED_ROWS)
    rows = np.arange(0, table.height, step, dtype=np.int64)[:_PROBED_ROWS]
    streams = Streams(0)
    inputs = fit_features(
        recipe, table[rows], target.take(rows), None, lambda digest: streams.generator("probe", digest)
    ).train
    encoded, cells = _widths(inputs)
    typed = table.estimated_size() / max(1, table.height)
    model = MODELS.get(recipe.model)
    classes = target.classes if target.classes > 2 else 1
    size = Size(train_rows, max(1, round(cells)), classes, threads)
    own = model.spec.cost(model.spec.space.resolve(recipe.params), size).memory_bytes
    carried = typed + _ENCODING_COPIES * encoded
    return Need(LIBRARIES_BYTES + carried * valid_rows, carried + own / max(1, train_rows))


def share_that_fits(need: Need, rows: int, memory_bytes: float) -> float:
    """The largest of `SHARES` of the rows that keeps within memory.

    Raises:
        LimitError: none does.
    """
    for share in SHARES:
        if need.of(round(share * rows)) <= memory_bytes and (share == 1.0 or share * rows >= _FEWEST_ROWS):
            return share
    raise LimitError(
        "A fit is skipped: it would not fit into memory.",
        f"at most {memory_bytes / 2**20:,.0f} MiB",
        f"about {need.of(rows) / 2**20:,.0f} MiB, and too much with {SHARES[-1]:.1%} of the rows as well",
        "Give it more memory (--memory), or fewer columns.",
    )


def surely_fits(cells: float, memory_bytes: float) -> bool:
    """Whether so many cells (rows times columns) are too few to need an estimate."""
    return memory_bytes > LIBRARIES_BYTES and 8 * cells < _SURE * (memory_bytes - LIBRARIES_BYTES)


def thinned(rows: Ints, share: float, stream: np.random.Generator) -> Ints:
    """A share of the rows by lot, in their order."""
    if share >= 1.0:
        return rows
    return np.sort(stream.permutation(rows)[: round(share * len(rows))])


def give_back() -> None:
    """Collect what nothing refers to, and hand back free pages of the heap (glibc) and code of libraries (Linux)."""
    gc.collect()
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
    give_back_code()


EARLY = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_TRIM_THRESHOLD_": str(2**20),
    "MALLOC_MMAP_THRESHOLD_": str(2**20),
    "_RJEM_MALLOC_CONF": "dirty_decay_ms:0,muzzy_decay_ms:0",
}
"""Environment in which what a process frees goes back to the system at once."""
_PARAMETERS = {-8: 2, -1: 2**20, -3: 2**20}  # glibc's mallopt: the same as the first three of `EARLY`


def trim_early() -> None:
    """Have this process's heap hand back what is freed at once (glibc; elsewhere nothing). For a process of our own."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            heap = ctypes.CDLL(None)
            for parameter, value in _PARAMETERS.items():
                heap.mallopt(parameter, value)


def frames_given_back() -> None:
    """Import polars so that it hands back at once what is freed: frames of large tables come and go, and each would
    leave its pages behind. Its allocator reads the environment when it is loaded; polars that is there stays as it is.
    """
    if "polars" in sys.modules:
        return
    name = "_RJEM_MALLOC_CONF"
    before = os.environ.get(name)
    os.environ.setdefault(name, EARLY[name])
    try:
        importlib.import_module("polars")
    finally:
        if before is None:
            del os.environ[name]


def _widths(inputs: Inputs) -> tuple[float, float]:
    """Bytes of a row's inputs, and its cells; of sparse columns only those that hold something."""
    total, cells = 0.0, 0.0
    rows = max(1, inputs.rows)
    for form, block in inputs.blocks.items():
        if form is Form.SPARSE:
            total += 12.0 * block.values.nnz / rows
            cells += block.values.nnz / rows
        else:
            total += block.values.nbytes / rows
            cells += block.values.size / rows
    return total, cells
