"""Adding and promoting as people mean it: with checks before, and everything in the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sevenfold.core.task import Goal
from sevenfold.deployment.registry.address import CHAMPION, Address
from sevenfold.deployment.registry.gate import Limits, Side, Verdict, examine, refusals, refused
from sevenfold.deployment.registry.lineage import Lineage
from sevenfold.deployment.registry.records import REFUSE, Entry, Version
from sevenfold.deployment.registry.registry import Registry

if TYPE_CHECKING:
    from sevenfold.deployment.model import LoadedModel
    from sevenfold.deployment.parts import Parts


@dataclass(frozen=True)
class Decided:
    """A promotion and why it could be.

    Args:
        entry: of the log.
        verdicts: of the gate.
    """

    entry: Entry
    verdicts: tuple[Verdict, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {**self.entry.to_json(), "gate": [verdict.to_json() for verdict in self.verdicts]}


def add(
    registry: Registry,
    name: str,
    source: Path,
    *,
    why: str = "",
    parts: Parts | None = None,
    trust: Sequence[Path] | None = None,
) -> Version:
    """A new version from a bundle, which is taken for hostile: a child process loads it first.

    Args:
        trust: files of public keys, one of which must have signed it.
    Raises:
        RequestError, BundleError: it is no model, or the registry cannot be written.
    """
    from sevenfold.deployment.bundle import load

    models: list[LoadedModel] = []

    def read(path: Path) -> Lineage:
        models.append(load(path, parts=parts, isolated=True, trust=trust))
        return Lineage.of(models[0])

    def form(bundle: Path, folder: Path) -> None:
        from sevenfold.deployment.export.folder import write_folder
        from sevenfold.deployment.export.mlflow import BUNDLE, export_mlflow

        if models[0].task.goal is Goal.RECOMMENDATION:  # its answers have no form there
            write_folder(folder, {BUNDLE: bundle.read_bytes()})
        else:
            export_mlflow(models[0], bundle, folder)

    return registry.add(name, source, read, why, form=form)


def gate(
    registry: Registry,
    name: str,
    version: int,
    *,
    data: Any = None,
    limits: Limits | None = None,
    parts: Parts | None = None,
    trust: Sequence[Path] | None = None,
) -> tuple[Verdict, ...]:
    """What the gate says of a version beside the champion. Changes nothing.

    Raises:
        RequestError, DataError: no such version, or data that cannot be used.
    """
    candidate = registry.get(Address(name, None, version))
    champion = next((v for v in registry.versions(name) if CHAMPION in v.aliases and v.version != version), None)
    side = Side(registry.file(candidate, check=False), candidate.lineage)
    other = None if champion is None else Side(registry.file(champion, check=False), champion.lineage)
    return examine(side, other, data=data, limits=limits, parts=parts, trust=trust)


def promote(
    registry: Registry,
    name: str,
    version: int,
    alias: str = CHAMPION,
    *,
    expect: int | None = None,
    why: str = "",
    force: str | None = None,
    data: Any = None,
    limits: Limits | None = None,
    parts: Parts | None = None,
    trust: Sequence[Path] | None = None,
) -> Decided:
    """Let an alias point to a version that passes the gate. A refusal is logged.

    Args:
        expect: version that the alias must point to now, 0 for none; by default the one that it pointed to when the
            gate was asked, so that nobody's decision in the meantime is overwritten unseen.
        force: promote it whatever the gate says, for this reason.
        trust: files of public keys, one of which must have signed it.
    Raises:
        RequestError: the gate refuses it, there is no such version, or somebody else was faster.
    """
    if expect is None:
        expect = next((v.version for v in registry.versions(name) if alias in v.aliases), 0)
    verdicts = gate(registry, name, version, data=data, limits=limits, parts=parts, trust=trust)
    details: dict[str, Any] = {"gate": [verdict.to_json() for verdict in verdicts]}
    if refusals(verdicts):
        if force is None:
            registry.note(REFUSE, name, alias, version, why, details)
            raise refused(name, version, verdicts)
        details["forced"] = force
    entry = registry.promote(name, version, alias, expect=expect, why=why or force or "", details=details)
    return Decided(entry, verdicts)
