"""Versions of models, which of them is in use, and every decision about it, as plain data.

`registry` is always a folder or `mlflow+URI`; by default what $SEVENFOLD_REGISTRY names, else ~/.sevenfold/registry.
`trust` are files of public keys (PEM, Ed25519), one of which must have signed a version before it is added or promoted;
by default those that $SEVENFOLD_TRUST_KEY names, if any.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sevenfold.core.config import parse_bytes, parse_seconds

if TYPE_CHECKING:
    from sevenfold.deployment.registry.gate import Limits


def add(
    model: str | Path,
    name: str,
    *,
    alias: str | None = None,
    why: str = "",
    force: str | None = None,
    trust: Sequence[str | Path] | None = None,
    registry: str | Path | None = None,
) -> dict[str, Any]:
    """Add a bundle, or a run's, as a new version of the model `name`; with `alias` promote it, too.

    Raises:
        RequestError: no such model, or the gate refuses the promotion (the version stays).
        BundleError: the file is damaged, or does not reproduce its golden rows.
    """
    from sevenfold.api.load import model_path
    from sevenfold.deployment.registry import decide
    from sevenfold.deployment.registry.address import Address
    from sevenfold.deployment.registry.registry import Registry
    from sevenfold.deployment.signing import trusted_keys

    opened, keys = Registry.at(registry), trusted_keys(trust)
    added = decide.add(opened, name, model_path(model, registry), why=why, trust=keys)
    verdicts: list[Any] = []
    if alias is not None:
        decided = decide.promote(opened, name, added.version, alias, why=why, force=force, trust=keys)
        verdicts = [verdict.to_json() for verdict in decided.verdicts]
    return {**opened.get(Address(name, None, added.version)).to_json(), "gate": verdicts}


def models(*, registry: str | Path | None = None) -> dict[str, Any]:
    """{"registry", "models": [{"name", "versions", "aliases": {ALIAS: VERSION}}]}."""
    from sevenfold.deployment.registry.registry import Registry

    opened = Registry.at(registry)
    found = []
    for name in opened.names():
        versions = opened.versions(name)
        aliases = {alias: version.version for version in versions for alias in version.aliases}
        found.append({"name": name, "versions": len(versions), "aliases": dict(sorted(aliases.items()))})
    return {"registry": opened.place, "models": found}


def show(name: str, *, registry: str | Path | None = None) -> dict[str, Any]:
    """{"name", "versions": [...], "log": [...], "oddities": [...]} of one model, oldest first.

    Oddities are sentences about what somebody did behind the registry's back.


    Raises:
        RequestError: there is no such model.
    """
    from sevenfold.deployment.registry.registry import Registry

    opened = Registry.at(registry)
    versions = [version.to_json() for version in opened.versions(name)]
    log = [entry.to_json() for entry in opened.log(name)]
    return {"name": name, "versions": versions, "log": log, "oddities": list(opened.oddities(name))}


def promote(
    name: str,
    version: int,
    *,
    to: str = "champion",
    expect: int | None = None,
    why: str = "",
    force: str | None = None,
    data: Any = None,
    max_latency: str | None = None,
    max_size: str | None = None,
    trust: Sequence[str | Path] | None = None,
    registry: str | Path | None = None,
) -> dict[str, Any]:
    """Let an alias point to a version that passes the gate; the log's entry, with what the gate found.

    Args:
        expect: version that the alias must point to now, 0 for none.
        why: for the log.
        force: promote whatever the gate says, for this reason.
        data: labelled rows on which the version and the champion are compared.
        max_latency, max_size: limits of the gate, such as "20ms" and "50MB".
    Raises:
        RequestError: the gate refuses, no such version, or somebody else was faster.
    """
    from sevenfold.deployment.registry import decide
    from sevenfold.deployment.registry.registry import Registry
    from sevenfold.deployment.signing import trusted_keys

    decided = decide.promote(
        Registry.at(registry), name, version, to, expect=expect, why=why, force=force, data=data,
        limits=_limits(max_latency, max_size), trust=trusted_keys(trust),
    )  # fmt: skip
    return decided.to_json()


def gate(
    name: str,
    version: int,
    *,
    data: Any = None,
    max_latency: str | None = None,
    max_size: str | None = None,
    trust: Sequence[str | Path] | None = None,
    registry: str | Path | None = None,
) -> dict[str, Any]:
    """{"name", "version", "passed", "gate": [{"check", "passed", "reason"}]}; changes nothing. See `promote`."""
    from sevenfold.deployment.registry import decide
    from sevenfold.deployment.registry.gate import refusals
    from sevenfold.deployment.registry.registry import Registry
    from sevenfold.deployment.signing import trusted_keys

    verdicts = decide.gate(
        Registry.at(registry), name, version, data=data, limits=_limits(max_latency, max_size),
        trust=trusted_keys(trust),
    )  # fmt: skip
    told = [verdict.to_json() for verdict in verdicts]
    return {"name": name, "version": version, "passed": not refusals(verdicts), "gate": told}


def rollback(
    name: str,
    *,
    alias: str = "champion",
    expect: int | None = None,
    why: str = "",
    registry: str | Path | None = None,
) -> dict[str, Any]:
    """Let an alias point again to the version before; the log's entry.

    Raises:
        RequestError: there is no version before.
    """
    from sevenfold.deployment.registry.registry import Registry

    return Registry.at(registry).rollback(name, alias, expect=expect, why=why).to_json()


def _limits(max_latency: str | None, max_size: str | None) -> Limits:
    from sevenfold.deployment.registry.gate import Limits

    usual = Limits()
    return Limits(
        usual.latency_seconds if max_latency is None else parse_seconds(max_latency),
        usual.bytes if max_size is None else parse_bytes(max_size),
    )


def compare(
    name: str,
    store: str | Path,
    labels: Any,
    *,
    alpha: float = 0.05,
    bound: float | None = None,
    registry: str | Path | None = None,
) -> dict[str, Any]:
    """Whether the challenger, as a shadow, has been better than the champion on rows whose labels have come.

    {"name", "champion", "challenger", "decision": "promote", "keep" or "undecided", "e_value", "e_value_worse",
    "gain": {"value", "low", "high"}, "rows", "alpha", "loss", ...}; changes nothing. It may be asked at any time and as
    often as one likes: the chance of ever saying "promote" of a challenger that is no better is at most `alpha`.

    Args:
        store: that `serve --shadow registry:NAME@challenger --store STORE` has written.
        labels: the target with `request_id` (and `row`) or the id column; new ones come at its end.
        bound: for numbers, the error that counts as 1; the target's range in training by default.
    Raises:
        RequestError, DataError: there is no challenger, no shadow's answers, or no label that belongs to one.
    """
    from sevenfold.deployment.bundle import load
    from sevenfold.deployment.registry.address import CHALLENGER, CHAMPION, Address
    from sevenfold.deployment.registry.registry import Registry
    from sevenfold.monitoring.compare import compare as weigh

    opened = Registry.at(registry)
    champion, challenger = (opened.get(Address(name, alias)) for alias in (CHAMPION, CHALLENGER))
    old, new = (load(opened.file(version)) for version in (champion, challenger))
    found = weigh(Path(store), old, new, labels, alpha=alpha, bound=bound)
    versions = {"name": name, "champion": champion.version, "challenger": challenger.version}
    return {**versions, **found.to_json()}
