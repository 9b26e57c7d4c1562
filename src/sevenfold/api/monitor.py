"""Compare what a served model was asked with what it was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

    from sevenfold.monitoring.store import Reference


def monitor(
    store: str | Path,
    labels: Any = None,
    *,
    window: str | None = None,
    compare_with: Any = None,
    page: str | Path | None = None,
    alerts: Sequence[str] = (),
    private: bool = False,
) -> dict[str, Any]:
    """Drift by column and window, performance (expected, and measured where labels are given), and alerts.

    Args:
        store: the folder that a server fills.
        labels: true values: a file or a frame.
        window: rows or time of one window: 1000, 6h, 1d; by default it suits the rows.
        compare_with: training rows; a model tries to tell the newest rows from them. The first windows by default.
        page: where to write the page for people; nowhere by default.
        alerts: whom to tell of new alerts: log files, https URLs, mailto: addresses.
        private: whether webhooks may be on private networks.
    Returns:
        What `sevenfold monitor --json` prints; "told", "untold" and "undelivered" only where `alerts` are given.
    Raises:
        RequestError, DataError: the store or the labels cannot be read.
    """
    from sevenfold.monitoring.channels import channel_of
    from sevenfold.monitoring.drift import LEAST_EFFECT
    from sevenfold.monitoring.monitor import monitor as run
    from sevenfold.monitoring.notify import notify
    from sevenfold.monitoring.store import Store

    channels = [channel_of(target, private=private) for target in alerts]
    rows = None if compare_with is None else _typed(compare_with, Store.open(Path(store)).reference())
    report = run(Path(store), labels, window=window, compare_with=rows)
    found = report.to_json()
    if page is not None:
        from sevenfold.report.monitoring import write_monitor_page

        write_monitor_page(found, LEAST_EFFECT, Path(page))
    if channels:
        about = {"store": str(store), **found["model"]}
        delivery = notify(Path(store), report.alerts, channels, about)
        found["told"] = [finding.code for finding in delivery.told]
        found["untold"] = list(delivery.failed)
        found["undelivered"] = [owed.to_json() for owed in delivery.undelivered]
    return found


def _typed(data: Any, reference: Reference) -> pl.DataFrame:
    from sevenfold.data.clean import conform
    from sevenfold.data.readers.read import read

    frame = read(data, target=reference.task.target, like=dict(reference.source) or None).frame
    return conform(frame, reference.schema).table
