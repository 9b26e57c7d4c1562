"""Every kind of registry, by the word that begins its address (`mlflow+URI`); a path without one is a folder."""

from sevenfold.core.registry import Catalogue
from sevenfold.deployment.registry.registry import Registry

_HERE = "sevenfold.deployment.registry"

REGISTRIES: Catalogue[type[Registry]] = Catalogue(
    "Registry",
    "sevenfold.registries",
    {
        "folder": f"{_HERE}.folder:FolderRegistry",
        "mlflow": f"{_HERE}.mlflow.registry:MlflowRegistry",
    },
)
