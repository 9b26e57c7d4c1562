"""The log of a model in MLflow, which has no such thing: each line is a version of a registered model `NAME~log`.

MLflow gives versions numbers of their own, one after the other and none twice, also to several who write at once; so
the lines have an order that everybody agrees on. Numbers are not used again: a line that was removed leaves a gap.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sevenfold.deployment.registry.mlflow.client import insist, unless_there
from sevenfold.deployment.registry.mlflow.history import History
from sevenfold.deployment.registry.registry import now

if TYPE_CHECKING:
    from mlflow import MlflowClient

OURS = "sevenfold"  # a tag that tells our models from others: "model" or "log"
_SUFFIX = "~log"  # no name of a model may hold this sign
_SOURCE = "sevenfold:/log"  # a server takes no source without an absolute path
_ENTRY = "sevenfold.entry"
_PART = 20_000  # characters of a tag; some databases take 65,535 bytes
_PAGE = 10_000


def log_name(model: str) -> str:
    """The registered model that holds a model's log."""
    return model + _SUFFIX


def prepare(client: MlflowClient, model: str) -> None:
    """Make the two registered models of a new name."""
    unless_there(lambda: client.create_registered_model(model))
    client.set_registered_model_tag(model, OURS, "model")
    about = f"What was decided about '{model}', one version a line. Written by Sevenfold; please do not edit."
    unless_there(lambda: client.create_registered_model(log_name(model), {OURS: "log"}, about))


def names(client: MlflowClient) -> list[str]:
    """Every model of ours, sorted."""
    found: list[str] = []
    token: str | None = None
    while True:
        page = client.search_registered_models(f"tags.{OURS} = 'model'", 1_000, page_token=token)
        found.extend(model.name for model in page)
        token = page.token
        if not token:
            return sorted(found)


def history(client: MlflowClient, model: str) -> History:
    """What the log says by now."""
    return History.of(model, _lines(client, model))


def last_number(client: MlflowClient, model: str) -> int:
    """Number of the last line; 0 for none. Cheap."""
    found = client.search_model_versions(f"name = '{log_name(model)}'", 1, ["version_number DESC"])
    return int(found[0].version) if found else 0


def append(client: MlflowClient, model: str, said: Mapping[str, Any]) -> str:
    """Add a line, which counts once and only if `History` says so; returns its key.

    Args:
        said: "who", "action", "alias", "version", "why", "details", "seen" and what else the action needs.
    """
    key = uuid.uuid4().hex
    line = {"key": key, "time": now(), **said}
    text = json.dumps(line, sort_keys=True)  # ASCII, so that characters are bytes
    parts = [text[start : start + _PART] for start in range(0, len(text), _PART)]
    tags = {OURS: "log", **{_ENTRY if n == 0 else f"{_ENTRY}.{n}": part for n, part in enumerate(parts)}}
    alias = f" {said['alias']}" if said["alias"] else ""
    about = f"{said['who']}: {said['action']}{alias} {said['version']}  {said['why']}".strip()

    def there() -> bool | None:
        return any(found is not None and found["key"] == key for _, found in _lines(client, model)) or None

    def write() -> bool:
        client.create_model_version(
            log_name(model), _SOURCE, tags=tags, description=about[:1_000], await_creation_for=0
        )
        return True

    insist(write, there)
    return key


def _lines(client: MlflowClient, model: str) -> Iterator[tuple[int, dict[str, Any] | None]]:
    token: str | None = None
    while True:
        page = client.search_model_versions(
            f"name = '{log_name(model)}'", _PAGE, ["version_number ASC"], page_token=token
        )
        for version in page:
            yield int(version.version), _line(version.tags)
        token = page.token
        if not token:
            return


def _line(tags: Mapping[str, str]) -> dict[str, Any] | None:
    text, number = tags.get(_ENTRY, ""), 1
    while (part := tags.get(f"{_ENTRY}.{number}")) is not None:
        text, number = text + part, number + 1
    try:
        line = json.loads(text)
    except ValueError:
        return None
    return line if isinstance(line, dict) and isinstance(line.get("key"), str) else None
