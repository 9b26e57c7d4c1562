"""The one gradient loop: it teaches the perceptron and the transformer alike."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.errors import DataError
from sevenfold.core.inputs import Inputs
from sevenfold.core.model import FitContext, FitInfo, Valid
from sevenfold.core.network import Lesson, Network, require_goal, require_torch
from sevenfold.core.recipe import digest_of
from sevenfold.core.task import Target
from sevenfold.training.augment import augment
from sevenfold.training.batches import Batch, Rows
from sevenfold.training.checkpoints import (
    Checkpoint,
    drop_checkpoint,
    load_checkpoint,
    optimizer_state,
    optimizer_tensors,
    save_checkpoint,
)
from sevenfold.training.losses import loss_sum
from sevenfold.training.optimizers import make_optimizer, set_rate
from sevenfold.training.pace import Pace
from sevenfold.training.schedules import rate_share
from sevenfold.training.stopping import EarlyStopping
from sevenfold.training.torch_settings import torch_settings

if TYPE_CHECKING:
    import torch
    from torch import Tensor

FINITE_CHECK_STEPS = 25
NEARLY_DONE = 0.9


def teach(
    network: Network,
    inputs: Inputs,
    target: Target,
    valid: Valid | None,
    context: FitContext,
    checkpoint_seconds: float = 30.0,
) -> FitInfo:
    """Teach a network by gradient descent, as its lesson says.

    The result depends on the arguments and the number of threads alone, as long as there is no time limit. Under
    one, the first steps are timed and the schedule is fitted to what is left, again after each epoch. A training
    that was cut off goes on from `context.checkpoint` and ends as if it had not been. With `context.rounds` the
    schedule spans exactly that many epochs.

    Args:
        network: learns in place.
        inputs: training rows.
        target: their target, with weights or without.
        valid: rows on which epochs are compared; the best one's weights are kept.
        context: stream, threads, time, device, checkpoint folder.
        checkpoint_seconds: time between two checkpoints.
    Raises:
        MissingExtraError: torch is not installed.
        RequestError: the network cannot reach the target's goal.
        DataError: there are no rows, or the loss is not finite even at half the rate.
    """
    require_torch("Teaching a network")
    require_goal(network.spec, target)
    if target.weights is not None and not target.weights.all():
        kept = np.flatnonzero(target.weights)  # rows of no weight move neither scales nor batches
        inputs, target = inputs.take(kept), target.take(kept)
    if len(target) == 0:
        raise DataError("There is nothing to learn from.", "at least one row of some weight", "no rows")
    with torch_settings(context):
        return _Course(network, inputs, target, valid, context, checkpoint_seconds).run()


@dataclass
class _Position:
    """Where the course stands; all of it goes into a checkpoint."""

    step: int = 0
    remaining: int = 0
    progress: float = 0.0  # along the schedule, in [0, 1]
    rate_factor: float = 1.0
    clock_bound: bool = False
    spent_seconds: float = 0.0
    history: list[list[float]] = field(default_factory=list)


class _Course:
    def __init__(
        self,
        network: Network,
        inputs: Inputs,
        target: Target,
        valid: Valid | None,
        context: FitContext,
        checkpoint_seconds: float,
    ) -> None:
        import torch

        self.context, self.network, self.checkpoint_seconds = context, network, checkpoint_seconds
        self.device = torch.device(context.device)
        self.seed = int(context.stream.integers(2**31))
        torch.manual_seed(self.seed)
        module = network.build(inputs, target, context)
        self.lesson: Lesson = network.lesson(inputs, target, context)
        self.rows = Rows(network.arrays(inputs), network.labels(target), target.weights, self.device)
        self.valid: Rows | None = None
        if valid is not None and len(valid.target):
            arrays, labels = network.arrays(valid.inputs), network.labels(valid.target)
            self.valid = Rows(arrays, labels, valid.target.weights, self.device)
        # One-cycle schedules want their length beforehand: batches are made a little larger, never left over.
        self.epoch_steps = max(1, len(self.rows) // self.lesson.batch_rows)
        self.module = module.to(self.device)
        self.initial = _copy(module)
        self.best: dict[str, Tensor] = {}
        self.stopping = EarlyStopping(self.lesson.patience_epochs if context.rounds is None else 0)
        self.optimizer = make_optimizer(self.module, self.lesson.optimizer)
        epochs = self.lesson.epochs if context.rounds is None else max(1, context.rounds)
        self.planned = epochs * self.epoch_steps
        self.at = _Position(remaining=self.planned)
        self.pace = Pace(context.seconds_left, self.epoch_steps)
        self.folder = None if context.checkpoint is None else Path(context.checkpoint)
        self.digest = digest_of(
            {"lesson": asdict(self.lesson), "seed": self.seed, "rows": len(self.rows), "steps": self.planned}
        )
        self.sums = torch.zeros(2, dtype=torch.float64, device=self.device)  # loss and weight of the epoch so far
        self.truncated = False

    def run(self) -> FitInfo:
        self._resume()
        started = saved = time.monotonic()
        before = self.at.spent_seconds
        order = self._order()
        while self.at.remaining > 0 and not self.stopping.exhausted:
            if self.at.step and self.pace.out_of_time():
                self.truncated = True
                break
            self._step(order[self.at.step % self.epoch_steps])
            measured = self.pace.step_done()
            ended = self.at.step % self.epoch_steps == 0 or self.at.remaining == 0
            if (ended or self.at.step % FINITE_CHECK_STEPS == 0) and not bool(self.sums.isfinite().all()):
                if not self._start_again():
                    break
                order = self._order()
                continue
            if ended:
                self._end_epoch()
                order = self._order()
            if (ended or measured) and self.at.remaining:
                self._plan()
            now = time.monotonic()
            self.at.spent_seconds = before + now - started
            if self.folder is not None and now - saved >= self.checkpoint_seconds:
                self._save(self.folder)
                saved = now
        return self._finish()

    def _order(self) -> list[np.ndarray[Any, Any]]:
        """The batches of the epoch at hand; they follow from seed and epoch alone, so nothing needs to be stored."""
        epoch = self.at.step // self.epoch_steps
        order = np.random.default_rng((self.seed, epoch)).permutation(len(self.rows))
        return np.array_split(order, self.epoch_steps)

    def _step(self, rows: np.ndarray[Any, Any]) -> None:
        import torch

        torch.manual_seed(self.seed + 1 + self.at.step)  # likewise: dropout and augmentation follow from the position
        share = rate_share(self.lesson.schedule, self.at.progress, self.lesson.warmup)
        set_rate(self.optimizer, share * self.at.rate_factor)
        self.module.train()
        loss, count = self._loss(self.rows.take(rows), training=True)
        self.optimizer.zero_grad()
        (loss / len(rows)).backward()  # type: ignore[no-untyped-call]
        if self.lesson.gradient_norm:
            torch.nn.utils.clip_grad_norm_(self.module.parameters(), self.lesson.gradient_norm)
        self.optimizer.step()
        self.sums += torch.stack([loss.detach(), count]).double()
        self.at.progress += (1.0 - self.at.progress) / self.at.remaining
        self.at.step += 1
        self.at.remaining -= 1

    def _loss(self, batch: Batch, training: bool) -> tuple[Tensor, Tensor]:
        import torch

        inputs = batch.inputs
        if training and self.lesson.augment:
            epoch = self.at.step // self.epoch_steps
            inputs = (augment(inputs[0], batch.rows, epoch, self.lesson.augment), *inputs[1:])
        mixed = self.device.type == "cuda" and torch.cuda.is_bf16_supported()
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=mixed):
            output = self.module(*inputs)
        return loss_sum(output, batch.labels, batch.weights, self.lesson, smoothing=training)

    def _plan(self) -> None:
        """Fit what remains to the time left: the rate then falls faster, or slower where more time has turned up, and
        still ends at its end. A training that is nearly there is not drawn out."""
        wanted = self.planned - self.at.step if self.at.progress < NEARLY_DONE else self.at.remaining
        self.at.remaining = int(min(wanted, self.pace.affordable_steps()))
        self.at.clock_bound = self.at.step + self.at.remaining < self.planned

    def _end_epoch(self) -> None:
        import torch

        loss, count = self.sums.tolist()
        measured = [loss / max(count, 1e-300)]
        self.sums.zero_()
        if self.valid is not None:
            started = time.monotonic()
            self.module.eval()
            sums = torch.zeros(2, dtype=torch.float64, device=self.device)
            with torch.no_grad():
                for batch in self.valid.in_order(4 * self.lesson.batch_rows):
                    sums += torch.stack(self._loss(batch, training=False)).double()
            loss, count = sums.tolist()
            measured.append(loss / max(count, 1e-300))
            if self.stopping.update(measured[-1], len(self.at.history)):
                self.best = _copy(self.module)
            self.pace.check_done(time.monotonic() - started)
        self.at.history.append(measured)

    def _start_again(self) -> bool:
        """After a loss that is not finite: once more from the start at half the rate, then with what is best so far."""
        self.sums.zero_()
        if self.at.rate_factor == 1.0:
            self.at = _Position(remaining=self.planned, rate_factor=0.5)
            self.stopping = EarlyStopping(self.stopping.patience_epochs)
            self.best = {}
            self.module.load_state_dict(self.initial)
            self.optimizer = make_optimizer(self.module, self.lesson.optimizer)
            self._plan()
            return True
        if self.best:
            return False
        raise _not_finite()

    def _save(self, folder: Path) -> None:
        position = {**asdict(self.at), "sums": self.sums.tolist(), "stopping": asdict(self.stopping)}
        tensors = {
            "model": self.module.state_dict(),
            "best": self.best,
            "optimizer": optimizer_tensors(self.optimizer.state_dict()),
        }
        save_checkpoint(folder, Checkpoint(tensors, position, self.digest))

    def _resume(self) -> None:
        import torch

        found = None if self.folder is None else load_checkpoint(self.folder, self.digest)
        if found is None:
            return
        position = dict(found.position)
        self.sums = torch.tensor(position.pop("sums"), dtype=torch.float64, device=self.device)
        self.stopping = EarlyStopping(**position.pop("stopping"))
        self.at = _Position(**position)
        self.best = dict(found.tensors.get("best", {}))
        self.module.load_state_dict(dict(found.tensors["model"]))
        fresh = self.optimizer.state_dict()
        self.optimizer.load_state_dict(optimizer_state(fresh, found.tensors.get("optimizer", {})))

    def _finish(self) -> FitInfo:
        if float(self.sums[1]) > 0:  # the clock ended an epoch before its time
            if bool(self.sums.isfinite().all()):
                self._end_epoch()
            elif not self.best:
                raise _not_finite()
        if self.best:
            self.module.load_state_dict(self.best)
        self.module.eval()
        self.network.learned(self.module.to("cpu"))
        if self.folder is not None:
            drop_checkpoint(self.folder)
        epochs = len(self.at.history)
        last = self.at.history[-1] if self.at.history else [float("nan")]
        notes = {
            "epochs": epochs,
            "steps": self.at.step,
            "training_loss": last[0],
            "valid_loss": self.stopping.best if self.best else None,
            "rate_factor": self.at.rate_factor,
            "spent_seconds": round(self.at.spent_seconds, 3),
            "device": str(self.device),
        }
        truncated = self.truncated or (self.at.clock_bound and not self.stopping.exhausted)
        return FitInfo(self.stopping.best_epoch + 1 if self.best else epochs, truncated, notes)


def _copy(module: torch.nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().to("cpu", copy=True) for name, tensor in module.state_dict().items()}


def _not_finite() -> DataError:
    return DataError(
        "The network's loss is not finite.",
        "inputs and target of ordinary size",
        "a loss of infinity or not-a-number, at half the learning rate too",
        "Scale the inputs, look for extreme values in the target, or choose another model.",
    )
