from __future__ import annotations

from sevenfold.training.stopping import EarlyStopping


def test_remembers_the_best_epoch_and_loses_patience() -> None:
    stopping = EarlyStopping(patience_epochs=2)
    improved = [stopping.update(loss, epoch) for epoch, loss in enumerate([3.0, 2.0, 2.5])]
    assert improved == [True, True, False]
    assert not stopping.exhausted
    stopping.update(float("nan"), 3)
    assert stopping.exhausted
    assert (stopping.best, stopping.best_epoch) == (2.0, 1)


def test_without_patience_it_never_stops() -> None:
    stopping = EarlyStopping()
    for epoch in range(50):
        stopping.update(1.0, epoch)
    assert not stopping.exhausted
