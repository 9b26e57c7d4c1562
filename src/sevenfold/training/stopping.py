"""Early stopping: remembers the best epoch and says when to give up."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class EarlyStopping:
    """Patience on a loss that is measured on rows held out.

    Args:
        patience_epochs: give up after so many epochs without gain; 0 never.
        best: least loss so far.
        best_epoch: the epoch that had it, from 0; -1 before the first.
        stale_epochs: epochs since then.
    """

    patience_epochs: int = 0
    best: float = float("inf")
    best_epoch: int = -1
    stale_epochs: int = 0

    def update(self, loss: float, epoch: int) -> bool:
        """Take note of an epoch's loss; True where it is the best so far."""
        if loss < self.best:
            self.best, self.best_epoch, self.stale_epochs = loss, epoch, 0
            return True
        self.stale_epochs += 1
        return False

    @property
    def exhausted(self) -> bool:
        """Whether patience is at its end."""
        return 0 < self.patience_epochs <= self.stale_epochs
