"""Serve a model over HTTP until told to stop."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sevenfold.core.errors import RequestError

if TYPE_CHECKING:
    from sevenfold.deployment.registry.address import Address
    from sevenfold.monitoring.log import LogSettings

_REPLICA = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def serve(
    model: str | Path,
    *,
    name: str | None = None,
    port: int = 8080,
    grpc_port: int | None = None,
    host: str = "127.0.0.1",
    token_file: str | None = None,
    store: str | None = None,
    also: Mapping[str, str | Path] | None = None,
    canary: str | Path | None = None,
    share: float = 0.1,
    shadow: str | Path | None = None,
    sample: float | None = None,
    redact: Sequence[str] = (),
    keep_days: int | None = None,
    replica: str | None = None,
    trust: Sequence[str | Path] | None = None,
    registry: str | Path | None = None,
    on_start: Callable[[str], None] | None = None,
    on_grpc: Callable[[str], None] | None = None,
) -> None:
    """Answer requests; with `store`, keep them for `monitor`. Returns after SIGTERM or Ctrl-C, drained.

    With `grpc_port` the Open Inference Protocol is spoken over gRPC, too. `on_start` is told the server's URL once it
    answers, `on_grpc` the address (`host:port`) of gRPC.

    Args:
        name: of the model in URLs; by default the registry's for a model of a registry, else "model".
        also: further models by name, at /predict/NAME and /v2/models/NAME.
        canary: answers `share` of the requests in place of `model`, chosen by the request's id (header x-request-id).
        shadow: answers everything again after the reply; kept in the store for `registry compare`, never told.
        sample: share of the requests whose rows the store keeps, 1 by default; every row is counted nevertheless.
        redact: columns whose values the store never holds.
        keep_days: whole days after which rows are deleted, 90 by default; 0 keeps them for good.
        replica: name of this server among those that serve the same model; the host's name by default.
        trust: files of public keys (PEM, Ed25519), one of which must have signed every model; by default those that
            the environment variable SEVENFOLD_TRUST_KEY names, if any.
        registry: where `registry:NAME` leads: a folder or `mlflow+URI`; the usual one by default.

    A model of a registry is watched: when its alias comes to mean another version, that version takes over without a
    request lost, unless it fails to load, in which case the old one goes on.

    Raises:
        MissingExtraError: the extra 'serve' or 'grpc' is not installed.
        RequestError: a port that is taken, an address that needs a token, no such model, settings of the store
            without a store or out of range.
        BundleError: a model is damaged, or not signed by a trusted key.
    """
    from sevenfold.deployment.registry.registry import Registry
    from sevenfold.deployment.signing import trusted_keys
    from sevenfold.deployment.traffic.plan import Traffic
    from sevenfold.monitoring.serving import serve as run

    if shadow is not None and store is None:
        raise RequestError(
            "What a shadow answers goes to a store, but there is none.", "--store FOLDER", "--shadow without --store",
            "Add --store FOLDER, or leave --shadow out.",
        )  # fmt: skip
    name = served_name(model, name)
    if name in (also or {}):
        raise RequestError(
            "Two models cannot have one name.", "a name for each", name, "Choose another --name, or another in --also."
        )
    settings = _log_settings(store, sample, redact, keep_days, replica)
    run(
        Traffic(
            {name: _where(model), **{other: _where(at) for other, at in (also or {}).items()}},
            canary=None if canary is None else _where(canary),
            share=share,
            shadow=None if shadow is None else _where(shadow),
            trust=trusted_keys(trust),
        ),
        host=host,
        port=port,
        grpc_port=grpc_port,
        token_file=None if token_file is None else Path(token_file),
        name=name,
        store=None if store is None else Path(store),
        settings=settings,
        registry=Registry.at(registry),
        on_start=on_start,
        on_grpc=on_grpc,
    )


def served_name(model: str | Path, name: str | None = None) -> str:
    """The name under which a model is served: the given one, else the registry's, else "model"."""
    from sevenfold.deployment.registry.address import Address, is_address

    if name is not None:
        return name
    return Address.parse(str(model)).name if is_address(str(model)) else "model"


def _log_settings(
    store: str | None, sample: float | None, redact: Sequence[str], keep_days: int | None, replica: str | None
) -> LogSettings:
    """What the store keeps, each setting checked by itself."""
    from sevenfold.monitoring.log import LogSettings

    usual = LogSettings()
    given = {"--sample": sample, "--redact": redact or None, "--keep-days": keep_days, "--replica": replica}
    named = [option for option, value in given.items() if value is not None]
    if store is None and named:
        raise RequestError(
            f"{' and '.join(named)} say what a store keeps, but there is no store.", "--store FOLDER", "no --store",
            "Add --store FOLDER, or leave them out.",
        )  # fmt: skip
    if sample is not None and not 0 < sample <= 1:
        raise RequestError(
            "--sample is out of range.", "a share above 0, up to 1", str(sample), "Say 0.1 for a tenth of the requests."
        )
    if keep_days is not None and not 0 <= keep_days <= 36_500:
        raise RequestError("--keep-days is out of range.", "1 to 36500, or 0 for ever", str(keep_days), "Say 30.")
    if replica is not None and not _REPLICA.fullmatch(replica):
        raise RequestError(
            "--replica cannot be a name.", "up to 64 letters, digits, . _ -", repr(replica[:80]), "Say web-1."
        )
    return replace(
        usual,
        sample=usual.sample if sample is None else sample,
        redact=frozenset(redact),
        keep_days=usual.keep_days if keep_days is None else keep_days or None,
        replica=replica or usual.replica,
    )


def _where(model: str | Path) -> Path | Address:
    from sevenfold.api.load import model_path
    from sevenfold.deployment.registry.address import Address, is_address

    return Address.parse(str(model)) if is_address(str(model)) else model_path(model)
