"""A predictor as named members of a bundle, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sevenfold.core.errors import BundleError, SevenfoldError
from sevenfold.core.pipeline import Pipeline
from sevenfold.core.predictor import Calibrator, Decision, Member, Predictor
from sevenfold.core.state import State, pack, unpack
from sevenfold.core.task import Task
from sevenfold.deployment.documents import canonical
from sevenfold.deployment.parts import Parts

_FOLDER = "state"


def describe(predictor: Predictor) -> dict[str, Any]:
    """What `recipe.json` holds: every recipe, and the names of combiner and calibrator."""
    return {
        "members": [
            {"trial": member.trial, "pipelines": [pipeline.recipe.to_json() for pipeline in member.pipelines]}
            for member in predictor.members
        ],
        "combiner": predictor.combiner.name,
        "calibrator": None if predictor.calibrator is None else predictor.calibrator.name,
    }


def states_of(predictor: Predictor) -> dict[str, bytes]:
    """Every learned state as members under `state/`."""
    members: dict[str, bytes] = {}
    for i, member in enumerate(predictor.members):
        for j, pipeline in enumerate(member.pipelines):
            _add(members, f"member-{i}/pipeline-{j}", pipeline.state())
    _add(members, "combiner", predictor.combiner.state())
    if predictor.calibrator is not None:
        _add(members, "calibrator", predictor.calibrator.state())
    decision = predictor.decision
    _add(members, "decision", {"threshold": decision.threshold, "costs": decision.costs})
    return members


def predictor_of(task: Task, recipes: Mapping[str, Any], members: Mapping[str, bytes], parts: Parts) -> Predictor:
    """The predictor whose `describe` and `states_of` these are.

    Raises:
        BundleError: they do not fit together, or a part refuses its state.
    """
    try:
        return _restore(task, recipes, _grouped(members), parts)
    except BundleError:
        raise
    except SevenfoldError as error:  # a name that no catalogue knows, say: its own advice is the best there is
        raise BundleError(error.what, error.expected, error.received, error.advice) from error
    except Exception as error:  # a library that is handed a hostile state may raise anything
        raise BundleError("A stored state is damaged.", "states that fit together", repr(error)[:300]) from error


def _restore(task: Task, recipes: Mapping[str, Any], states: dict[str, dict[str, bytes]], parts: Parts) -> Predictor:
    restored: list[Member] = []
    for i, entry in enumerate(recipes["members"]):
        pipelines: list[Pipeline] = []
        for j, recipe in enumerate(entry["pipelines"]):
            state = _state(states, f"member-{i}/pipeline-{j}")
            if canonical(state["recipe"]) != canonical(recipe):
                raise BundleError("A stored pipeline has another recipe than recipe.json says.", "the same recipe")
            pipelines.append(Pipeline.from_state(state, parts.features, parts.models, parts.targets))
        if not pipelines:
            raise BundleError("A member of the ensemble has no pipeline.", "at least one")
        restored.append(Member(str(entry["trial"]), tuple(pipelines)))
    if not restored:
        raise BundleError("The bundle holds no model.", "at least one member")
    combiner = parts.combiners.get(recipes["combiner"])()
    combiner.restore(_state(states, "combiner"))
    calibrator = _calibrator(recipes["calibrator"], states, parts)
    decision = _decision(_state(states, "decision"), len(task.classes))
    if states:
        raise BundleError("The bundle holds states that belong to nothing.", "known states", ", ".join(sorted(states)))
    return Predictor(task, tuple(restored), combiner, calibrator, decision)


def _calibrator(name: str | None, states: dict[str, dict[str, bytes]], parts: Parts) -> Calibrator | None:
    if name is None:
        return None
    calibrator = parts.calibrators.get(name)()
    calibrator.restore(_state(states, "calibrator"))
    return calibrator


def _decision(state: State, classes: int) -> Decision:
    threshold, costs = state["threshold"], state["costs"]
    if threshold is not None and not isinstance(threshold, float | int):
        raise BundleError("The stored decision threshold is no number.", "a number", type(threshold).__name__)
    if costs is not None and (not isinstance(costs, np.ndarray) or costs.shape != (classes, classes)):
        raise BundleError("The stored costs do not fit the classes.", f"{classes} x {classes}", "another shape")
    return Decision(threshold, None if costs is None else costs.astype(np.float64))


def _state(states: dict[str, dict[str, bytes]], owner: str) -> State:
    """The state of one part; every one of its members is one that `pack` writes, so that nothing rides along."""
    members = states.pop(owner)
    blobs = {f"blob-{number}.bin" for number in range(len(members))}
    strange = sorted(set(members) - blobs - {"state.json", "arrays.safetensors"})
    if strange:
        raise BundleError("The bundle holds states that belong to nothing.", "known states", f"{owner}/{strange[0]}")
    return unpack(members)


def _add(members: dict[str, bytes], owner: str, state: Mapping[str, Any]) -> None:
    for name, content in pack(state).items():
        members[f"{_FOLDER}/{owner}/{name}"] = content


def _grouped(members: Mapping[str, bytes]) -> dict[str, dict[str, bytes]]:
    groups: dict[str, dict[str, bytes]] = {}
    for name, content in members.items():
        if name.startswith(_FOLDER + "/"):
            owner, _, leaf = name.removeprefix(_FOLDER + "/").rpartition("/")
            groups.setdefault(owner, {})[leaf] = content
    return groups
