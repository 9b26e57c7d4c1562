"""A running server is told to take over broken bundles: each is refused, told in the log, and the old one answers."""

import itertools
import json
from contextlib import closing

import numpy as np
import pytest
import real_models
from hostile import Forger, mutant, zip_mutant
from serving import Line, post, running
from tiny_parts import PARTS, table

from sevenfold.deployment.bundle import save
from sevenfold.deployment.registry.address import Address
from sevenfold.deployment.registry.folder import FolderRegistry
from sevenfold.deployment.registry.lineage import Lineage
from sevenfold.deployment.service import Service
from sevenfold.deployment.traffic.plan import Stage, Traffic
from sevenfold.deployment.traffic.watch import Watcher

LINEAGE = Lineage("0" * 64, "binary", "bought", "log_loss")


def swap_to_each(registry, bundles, folder, record, parts=None):
    """The outcomes, as the registry's log tells them; asked before and after each attempt, the server answers alike."""
    stage = Stage(Traffic({"m": Address("m")}), registry, parts=parts)
    watcher = Watcher(stage)
    request = post("/predict", json.dumps(record).encode())

    def ask(url):
        with closing(Line(url)) as line:  # a new one: a server ends lines that are silent while a bundle is tried
            return line.ask(request)

    with running(Service(stage.host, name="m")) as url:
        status, _, before = ask(url)
        assert status == 200
        for number, content in enumerate(bundles):
            path = folder / f"{number}.sevenfold"
            path.write_bytes(content)
            registry.promote("m", registry.add("m", path, lambda path: LINEAGE).version)
            path.unlink()
            watcher.look()
            status, head, body = ask(url)
            assert status == 200
            if b"x-model-version: 1\r" in head + b"\r":
                assert json.loads(body)["probabilities"] == json.loads(before)["probabilities"]
    return [entry.details["outcome"] for entry in registry.log("m") if entry.action == "serve"]


def damaged(content, count):
    """So many mutants, no two of them alike."""
    made = {}
    numbers = itertools.count()
    while len(made) < count:
        number = next(numbers)
        stream = np.random.default_rng([12, number])
        made.setdefault(mutant(content, stream) if number % 2 else zip_mutant(content, stream))
    return list(made)


def test_damaged_files_leave_the_old_version_serving(registry, bundles, tmp_path):
    record = json.loads(table(1, seed=1).drop("bought").write_json())[0]
    outcomes = swap_to_each(registry, damaged(bundles[1].read_bytes(), 12), tmp_path, record, PARTS)
    assert outcomes == ["refused"] * 12


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("model", ["lightgbm", "xgboost", "catboost", "logistic_l2"])
def test_damaged_and_forged_files_leave_the_old_version_serving(model, tmp_path):
    recipe = real_models.PLAIN if model == "logistic_l2" else real_models.trees(model, rounds=10)
    whole = tmp_path / "whole.sevenfold"
    save(whole, real_models.contents([recipe], rows=120))
    registry = FolderRegistry(tmp_path / "registry")
    registry.promote("m", registry.add("m", whole, lambda path: LINEAGE).version)
    forger, state = Forger(whole), "state/member-0/pipeline-0/"
    member = state + ("arrays.safetensors" if model == "logistic_l2" else "blob-0.bin")
    broken = damaged(whole.read_bytes(), 40)
    broken += [forger.forge(member, np.random.default_rng([13, number])) for number in range(12)]
    record = {"age": 31.5, "income": 20000.0, "city": "Rome", "member": True, "note": "calm river"}
    outcomes = swap_to_each(registry, broken, tmp_path, record)
    assert outcomes[:40] == ["refused"] * 40
    assert outcomes.count("refused") >= 44  # the others changed nothing that counts
