"""The catalogues from which a bundle's parts are restored: names in the file, code in the installed packages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib import import_module
from typing import Any

from sevenfold.core.feature import Feature
from sevenfold.core.model import Model
from sevenfold.core.predictor import Calibrator, Combiner
from sevenfold.core.registry import Catalogue
from sevenfold.core.transform import TargetTransform


@dataclass(frozen=True)
class Parts:
    """Every catalogue that restoring a predictor needs. `Parts.installed()` is what a plain load uses."""

    features: Catalogue[type[Feature]]
    models: Catalogue[type[Model]]
    targets: Catalogue[type[TargetTransform]]
    combiners: Catalogue[type[Combiner]]
    calibrators: Catalogue[type[Calibrator]]

    @classmethod
    def installed(cls) -> Parts:
        """Sevenfold's own catalogues, with what other packages add to them."""
        return cls(**{name: getattr(import_module(module), attribute) for name, (module, attribute) in _OURS.items()})

    def to_json(self) -> dict[str, Any]:
        """The catalogues as plain data, for a child process that restores the same parts."""
        described = {}
        for declared in fields(self):
            catalogue: Catalogue[Any] = getattr(self, declared.name)
            described[declared.name] = {
                "kind": catalogue.kind,
                "group": catalogue.group,
                "items": catalogue.entries(),
            }
        return described

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Parts:
        """The catalogues that `to_json` described."""
        # The entry points are in the items already, so no group is searched again.
        return cls(**{name: Catalogue(entry["kind"], "", entry["items"]) for name, entry in data.items()})


_OURS = {
    "features": ("sevenfold.features.catalogue", "FEATURES"),
    "models": ("sevenfold.models.catalogue", "MODELS"),
    "targets": ("sevenfold.features.target", "TARGETS"),
    "combiners": ("sevenfold.tuning.ensemble", "COMBINERS"),
    "calibrators": ("sevenfold.tuning.calibrate", "CALIBRATORS"),
}
