"""How MLflow is opened, and how its faults are told."""

from __future__ import annotations

import logging
import os
import sqlite3
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote, urlsplit

from sevenfold.core.errors import LimitError, MissingExtraError, RequestError, disk_is_full
from sevenfold.deployment.files import replacing
from sevenfold.deployment.registry.registry import without_password

if TYPE_CHECKING:
    from mlflow import MlflowClient

T = TypeVar("T")
VARIABLE = "MLFLOW_TRACKING_URI"
_ATTEMPTS = 8
_LIBRARIES = frozenset({"mlflow", "sqlalchemy", "alembic", "requests", "urllib3"})
_BUSY = frozenset({"TEMPORARILY_UNAVAILABLE", "INTERNAL_ERROR"})  # a locked database, a number that was just taken
_THERE = "RESOURCE_ALREADY_EXISTS"
_SAID_ON_OPENING = ("mlflow.store.db.utils", "alembic", "alembic.runtime.migration")


def open_client(uri: str, *, create: bool) -> MlflowClient:
    """MLflow's client for tracking and registry at one address.

    Args:
        uri: of a server or a database.
        create: make the file of a SQLite database where it is missing.
    Raises:
        RequestError: it is an address of another kind, or there is no database yet.
        MissingExtraError: MLflow is not installed.
    """
    database = database_file(uri)
    if database is not None and not database.is_file():
        if not create:
            raise RequestError(
                f"There is no registry in {database}.", "a database of MLflow", "no such file",
                "Add a model first: sevenfold registry add MODEL --name NAME; or check --registry.",
            )  # fmt: skip
        _create(database)
    return _client(uri)


def _client(uri: str) -> MlflowClient:
    with _quietly():
        try:
            from mlflow import MlflowClient
        except ImportError:
            raise MissingExtraError.of("mlflow", "mlflow", "A registry in MLflow") from None
        return MlflowClient(tracking_uri=uri, registry_uri=uri)


def _create(database: Path) -> None:
    """A new database of MLflow's, there whole or not at all.

    MLflow makes its tables in many small steps and cannot always go on where it was ended in between, so it makes them
    elsewhere. Of several who do so at once the first one counts.
    """
    database.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as elsewhere:
        made = Path(elsewhere) / "new.db"
        with _quietly():
            _client(f"sqlite:///{made}").search_registered_models(max_results=1)
        with closing(sqlite3.connect(made)) as connection:
            content = connection.serialize()
    with replacing(database, new=True) as file:
        file.write(content)


def check_uri(uri: str) -> str:
    """The address that is meant: as given, or for an empty one what MLflow's own variable says.

    Raises:
        RequestError: it is none, or a folder.
    """
    meant = uri or os.environ.get(VARIABLE, "")
    scheme = urlsplit(meant).scheme
    if "://" not in meant or scheme == "file":
        raise RequestError(
            "This is no address of an MLflow registry.",
            "mlflow+sqlite:///FILE, mlflow+http://SERVER, another database of MLflow's, or mlflow: for what "
            f"{VARIABLE} names",
            repr(without_password(meant)) if meant else f"mlflow: without {VARIABLE}",
            "Folders (file:) have no registry that several may use at once; take a database or a server.",
        )  # fmt: skip
    return meant


def database_file(uri: str) -> Path | None:
    """The file of a SQLite address: three slashes before a relative path, four before an absolute one."""
    if not uri.startswith("sqlite:///"):
        return None
    return Path(unquote(uri.removeprefix("sqlite:///").partition("?")[0]))


def insist(work: Callable[[], T], done: Callable[[], T | None] = lambda: None) -> T:
    """Do what another writer may be in the way of, some times over.

    Args:
        done: asked after a failure: the result, if it took effect although it failed.
    """
    from mlflow.exceptions import MlflowException

    for attempt in range(_ATTEMPTS):
        try:
            return work()
        except MlflowException as error:
            if error.error_code not in _BUSY or attempt == _ATTEMPTS - 1:
                raise
            time.sleep(0.02 * 2**attempt * (1 + os.getpid() % 7 / 7))  # not all of them again at the same moment
            found = done()
            if found is not None:
                return found
    raise AssertionError("the last attempt returns or raises")


def unless_there(work: Callable[[], Any]) -> None:
    """Make something that may be there already."""
    from mlflow.exceptions import MlflowException

    try:
        insist(work)
    except MlflowException as error:
        if error.error_code != _THERE:
            raise


@contextmanager
def telling(place: str) -> Iterator[None]:
    """A block in which faults of MLflow are told in the usual four parts."""
    try:
        yield
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in _LIBRARIES and type(error) not in (OSError, PermissionError):
            raise
        said = (without_password(str(error)).splitlines() or [type(error).__name__])[0][:300]
        if disk_is_full(error):
            raise LimitError("The registry's disk is full.", "room to write", said, "Make room.") from error
        raise RequestError(
            f"The registry {place} cannot be used.", "an MLflow server or database that answers", said,
            "Check the address and that MLflow can use it; `mlflow db upgrade` mends a database of an older MLflow.",
        ) from error  # fmt: skip


@contextmanager
def _quietly() -> Iterator[None]:
    """MLflow's libraries warn of each other and tell of every table they make."""
    loggers = [logging.getLogger(name) for name in _SAID_ON_OPENING]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
