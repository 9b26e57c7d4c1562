"""What a server shall host, and how it becomes so: models by name, a canary, a shadow, and the recorders of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from sevenfold.core.errors import RequestError
from sevenfold.deployment.hosting import Host, Hosted
from sevenfold.deployment.model import LoadedModel
from sevenfold.deployment.parts import Parts
from sevenfold.deployment.recorder import Recorder
from sevenfold.deployment.registry.address import Address, check_name
from sevenfold.deployment.registry.registry import Registry
from sevenfold.deployment.traffic.shadow import Mirrored, Shadow, Sink

Where: TypeAlias = Path | Address
Opener: TypeAlias = Callable[[LoadedModel, str, str, str], Recorder]
"""Opens what takes down a model's answers: the model, its name, its version, its role (first, also or canary)."""


@dataclass(frozen=True)
class Traffic:
    """What a server shall host.

    Args:
        models: where each name's model is; the first is meant where none is named.
        canary: of the first model, answers a share of its requests.
        share: that the canary answers.
        shadow: of the first model, answers everything again, for comparison only.
        trust: files of public keys, one of which must have signed every model; by default those that the environment
            variable SEVENFOLD_TRUST_KEY names, if any.
    """

    models: dict[str, Where]
    canary: Where | None = None
    share: float = 0.1
    shadow: Where | None = None
    trust: tuple[Path, ...] | None = None

    def __post_init__(self) -> None:
        for name in self.models:
            check_name(name)
        if not 0 <= self.share <= 1:
            raise RequestError("A share of requests is out of range.", "from 0 to 1", str(self.share), "Say 0.1.")


@dataclass(frozen=True)
class Found:
    """A model's file and the version that it is.

    Args:
        path: of the bundle.
        version: as clients know it; "1" for a file that is in no registry.
    """

    path: Path
    version: str


class Stage:
    """Builds what is hosted, and rebuilds the parts whose version changes.

    Args:
        traffic: what is wanted.
        registry: where addresses lead.
        recorder: opens what takes down answers; None for nobody.
        sink: takes down what the shadow answers; None for nobody.
        parts: catalogues to restore from.
    """

    def __init__(
        self,
        traffic: Traffic,
        registry: Registry,
        *,
        recorder: Opener | None = None,
        sink: Sink | None = None,
        parts: Parts | None = None,
    ) -> None:
        self.traffic = traffic
        self.registry = registry
        self._recorder = recorder
        self._parts = parts
        self._first = next(iter(traffic.models))
        self.shadow: Shadow | None = None
        canary = None if traffic.canary is None else self.load(self._first, traffic.canary, "canary")
        if traffic.shadow is not None:
            self.shadow = Shadow(self.load(self._first, traffic.shadow, "shadow"), sink or _nothing)
        others = [self.load(name, where, "also") for name, where in list(traffic.models.items())[1:]]
        first = self.load(self._first, traffic.models[self._first], "first")
        self.host = Host(first, *others)
        if canary is not None:
            self.host.try_out(self._first, canary, traffic.share)

    def find(self, where: Where) -> Found:
        """The file that is meant now, and its version.

        Raises:
            RequestError, BundleError: there is none.
        """
        if isinstance(where, Path):
            return Found(where, "1")
        version = self.registry.get(where)
        return Found(self.registry.file(version), str(version.version))

    def load(self, name: str, where: Where, role: str) -> Hosted:
        """A model ready to answer, tried in a child process first.

        Args:
            name: under which clients know it.
            role: "first", which the shadow is shown; "also" for a model of another name; "canary"; or "shadow", whose
                answers go with those of the first.
        Raises:
            RequestError, BundleError: there is none, or it cannot be used.
        """
        from sevenfold.deployment.bundle import load

        found = self.find(where)
        model = load(found.path, parts=self._parts, isolated=True, trust=self.traffic.trust)
        _warm(model)
        open_recorder = None if role == "shadow" else self._recorder
        recorder = None if open_recorder is None else open_recorder(model, name, found.version, role)
        if role != "first" or self.shadow is None:
            return Hosted(model, name, found.version, recorder)
        both = Mirrored(recorder, self.shadow)
        hosted = both.served = Hosted(model, name, found.version, both)
        return hosted

    def reload(self, role: str, name: str) -> Hosted:
        """Put the version that is meant now in place of the one that is hosted; returns it.

        Args:
            role: as in `load`.
            name: of the model.
        Raises:
            RequestError, BundleError: it cannot be used; what was hosted stays.
        """
        traffic = self.traffic
        if role == "canary" and traffic.canary is not None:
            hosted = self.load(name, traffic.canary, role)
            self.host.try_out(name, hosted, traffic.share)
        elif role == "shadow" and traffic.shadow is not None and self.shadow is not None:
            hosted = self.load(name, traffic.shadow, role)
            self.shadow.swap(hosted)
        else:
            hosted = self.load(name, traffic.models[name], role)
            self.host.swap(hosted)
        return hosted

    def watched(self) -> dict[tuple[str, str], Address]:
        """What may come to mean another version while the server runs, by role and name."""
        models = self.traffic.models.items()
        every: dict[tuple[str, str], Where | None] = {
            ("first" if name == self._first else "also", name): where for name, where in models
        }
        every[("canary", self._first)] = self.traffic.canary
        every[("shadow", self._first)] = self.traffic.shadow
        return {key: where for key, where in every.items() if isinstance(where, Address) and where.version is None}

    def hosted_version(self, role: str, name: str) -> str:
        """The version that is hosted now; empty for none."""
        if role == "shadow":
            return "" if self.shadow is None else self.shadow.hosted.version
        slot = self.host.slot(name)
        hosted = slot.canary if role == "canary" else slot.current
        return "" if hosted is None else hosted.version

    def close(self) -> None:
        """End the shadow, once what it was shown is answered."""
        if self.shadow is not None:
            self.shadow.close()


def _warm(model: LoadedModel) -> None:
    """Let it predict before anybody asks: whatever is made late is made now."""
    try:
        model.answer([dict(model.example)], every_violation=True)
    except Exception:  # an example that cannot be predicted says nothing about other rows
        return


def _nothing(pair: object) -> None:
    """Takes nothing down."""
