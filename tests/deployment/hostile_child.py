"""Run by `hostile.Tryer`: forks that try many bundles each, with the limits and the load of the product's own child."""

import json
import os
import resource
import select
import signal
import sys
import time
import traceback
from pathlib import Path

from sevenfold.core.errors import BundleError
from sevenfold.deployment import isolation


def main() -> None:
    # Imported, not used: no library has started a thread when this process forks.
    import catboost  # noqa: F401
    import lightgbm  # noqa: F401
    import polars  # noqa: F401
    import safetensors.numpy  # noqa: F401
    import scipy.sparse  # noqa: F401
    import xgboost  # noqa: F401

    import sevenfold.deployment.bundle
    import sevenfold.features.catalogue
    import sevenfold.models.catalogue  # noqa: F401

    for line in sys.stdin:
        print(json.dumps(tried(json.loads(line))), flush=True)


def tried(request):
    """One result for each path."""
    found = []
    first = 0  # of the child that is tried with next
    while len(found) < len(request["paths"]):
        first = len(found)
        more, ended = in_child(request, first)
        found += more
        if len(found) < len(request["paths"]) and not more:
            found.append({"ended": ended})  # the first one of a new child did it, so it was this one
    return found


def in_child(request, first):
    """The results of one child, and how it ended."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        code = 1
        try:
            work(request, first, writer)
            code = 0
        finally:
            os._exit(code)
    os.close(writer)
    output, end, killed = b"", time.monotonic() + 6 * request["seconds"], False  # it loads the whole one first
    while True:
        if not select.select([reader], [], [], max(0.0, end - time.monotonic()))[0]:
            os.kill(child, signal.SIGKILL)
            killed = True
            break
        part = os.read(reader, 65536)
        if not part:
            break
        output += part
        end = time.monotonic() + 3 * request["seconds"]  # CPU time is limited, too; here the machine may be busy
    os.close(reader)
    _, status = os.waitpid(child, 0)
    whole_lines = output.rpartition(b"\n")[0].split(b"\n") if b"\n" in output else []
    return [json.loads(line) for line in whole_lines], "time" if killed else os.waitstatus_to_exitcode(status)


def work(request, first, writer):
    from sevenfold.deployment.bundle import load

    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    seconds = int(request["seconds"])
    isolation.limit(request["memory_bytes"], 100_000)  # of CPU; each bundle gets its own limit below
    golden = golden_of(Path(request["path"]))
    load(Path(request["path"]))
    for path in request["paths"][first:]:
        used = resource.getrusage(resource.RUSAGE_SELF)
        _, most = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + seconds + 1, most))
        found = isolation.tried(Path(path))
        if isinstance(found, BundleError):
            told = {"refused": list(map(str, found.args))}
        else:
            told = {"alike": is_alike(found, golden), "digest": found.digest, "fault": fault(found)}
        os.write(writer, json.dumps(told).encode() + b"\n")


def fault(model):
    """What goes wrong, other than with an error of ours, where a server uses what no prediction depends on."""
    import numpy as np

    from sevenfold.core.errors import SevenfoldError
    from sevenfold.deployment import openapi, pages, people, protocol
    from sevenfold.deployment.documents import compact
    from sevenfold.deployment.registry.lineage import Lineage
    from sevenfold.monitoring.alerts import told_after_training
    from sevenfold.monitoring.compare import range_of
    from sevenfold.monitoring.expected import expectation
    from sevenfold.monitoring.performance import label_drift
    from sevenfold.monitoring.store import reference_of

    user = model.task.roles.get("user")
    rows, truth = model.background.head(40), np.zeros(40)
    limits = {"alpha": 0.01, "least_effect": 0.1, "least_rows": 10}
    uses = (
        lambda: model.answer(model.background.select(user)) if user else None,
        lambda: counted(model, rows),
        lambda: Lineage.of(model),
        lambda: told_after_training(model.metadata),
        lambda: compact(protocol.model_metadata(model, "m", "1")),
        lambda: compact(openapi.describe(model, "m", "1", False)),
        lambda: pages.docs_page(openapi.describe(model, "m", "1", False)),
        lambda: expectation(model.task, None, None, truth, model.metadata, None, 5, rows),
        lambda: label_drift(truth, reference_of(model), **limits),
        lambda: range_of(model.profile, model.task.target),
        lambda: pages.try_page(model, "m"),
        lambda: people.covering(model.runtime.answer(model.background.head(2)), model, 0.9),
        lambda: [model.importance(name) for name in model.runtime.used],
    )
    for use in uses:
        try:
            use()
        except SevenfoldError:
            continue
        except Exception:
            return traceback.format_exc()[-700:]
    return None


def counted(model, rows):
    """Rows counted as a server's log counts them."""
    from sevenfold.deployment.people import to_plain
    from sevenfold.monitoring.counting import sketch_rows
    from sevenfold.monitoring.reference import watchlist
    from sevenfold.monitoring.store import reference_of

    watched, answer = watchlist(reference_of(model)), model.runtime.answer(rows)
    chances = answer.values if model.task.goal.is_classification else None
    sketch_rows(watched, model.task, rows, to_plain(answer), chances)


def golden_of(path):
    from sevenfold.deployment.archive import read_archive

    return json.loads(read_archive(path)[1]["golden.json"])


def is_alike(model, golden):
    """Whether it predicts these golden rows as they say."""
    from sevenfold.deployment.bundle import verify_golden

    try:
        verify_golden(model.runtime, golden)
    except BundleError:
        return False
    return True


if __name__ == "__main__":
    main()
