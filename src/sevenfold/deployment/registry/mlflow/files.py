"""Where a version's files are in MLflow: artifacts of one run for each version, and a copy on this machine."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sevenfold.core.errors import RequestError
from sevenfold.deployment.export.folder import write_folder
from sevenfold.deployment.export.mlflow import BUNDLE
from sevenfold.deployment.registry.mlflow.client import database_file, unless_there
from sevenfold.deployment.registry.registry import Form

if TYPE_CHECKING:
    from mlflow import MlflowClient

_FOLDER = "model"
_SERVERS = ("http://", "https://", "databricks")


def cache_folder() -> Path:
    """Where copies of bundles are kept on this machine."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "sevenfold" / "registry"


def upload(client: MlflowClient, uri: str, model: str, bundle: Path, form: Form | None, tags: Mapping[str, str]) -> str:
    """A new run whose artifacts hold the bundle, as an MLflow model if `form` makes one; returns the run's id."""
    run = client.create_run(_experiment(client, uri, model), tags=dict(tags), run_name=f"{model} {tags['sha256'][:12]}")
    put(client, run.info.run_id, bundle, form)
    client.set_terminated(run.info.run_id)
    return str(run.info.run_id)


def put(client: MlflowClient, run: str, bundle: Path, form: Form | None) -> None:
    """Write, or write again, the files of a version."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / _FOLDER
        if form is None:
            write_folder(folder, {BUNDLE: bundle.read_bytes()})
        else:
            form(bundle, folder)
        client.log_artifacts(run, str(folder), _FOLDER)


def source(client: MlflowClient, run: str) -> str:
    """The address of a version's folder, as MLflow's own tools want it."""
    return f"{client.get_run(run).info.artifact_uri}/{_FOLDER}"


def fetch(client: MlflowClient, run: str, folder: Path) -> Path:
    """The bundle of a run, in a folder of this machine or where MLflow keeps it if that is this machine."""
    return Path(client.download_artifacts(run, f"{_FOLDER}/{BUNDLE}", str(folder)))


def _experiment(client: MlflowClient, uri: str, model: str) -> str:
    """The experiment whose runs hold a model's files; who made it beforehand has chosen the place."""
    name = f"sevenfold/{model}"
    if client.get_experiment_by_name(name) is None:
        unless_there(lambda: client.create_experiment(name, _place(uri, name)))
    found = client.get_experiment_by_name(name)
    if found is None:
        raise RequestError(f"MLflow does not show its experiment '{name}'.", "the experiment", "nothing", "Try again.")
    return str(found.experiment_id)


def _place(uri: str, experiment: str) -> str | None:
    """Where a new experiment keeps its artifacts: beside a database that is a file; a server knows by itself."""
    database = database_file(uri)
    if database is not None:
        return (database.resolve().with_name(database.name + ".artifacts") / experiment.rpartition("/")[2]).as_uri()
    if uri.startswith(_SERVERS):
        return None
    raise RequestError(
        f"It is not known where MLflow shall keep the files of '{experiment}'.",
        "an experiment of that name with a place for artifacts",
        "a database without a server",
        f"mlflow experiments create --experiment-name {experiment} --artifact-location PLACE; or name a server.",
    )
