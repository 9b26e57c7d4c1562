"""Who may ask: a bearer token, and no address but this machine's own without one."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Mapping
from pathlib import Path

from sevenfold.core.errors import RequestError
from sevenfold.deployment.request import HttpError

_LEAST_LENGTH = 16
_LIMIT_BYTES = 4096


def read_token(path: Path) -> str:
    """The token in a file: its only line.

    Raises:
        RequestError: the file cannot be read, or what it holds is no token.
    """
    try:
        with path.open("rb") as file:
            token = file.read(_LIMIT_BYTES + 1).decode("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "bytes that are not ASCII"
        raise RequestError("The token file cannot be read.", "a file with one line", f"{path}: {reason}") from error
    if not _LEAST_LENGTH <= len(token) <= _LIMIT_BYTES or not token.isprintable() or " " in token:
        raise RequestError(
            "The token file holds no usable token.",
            f"one line of at least {_LEAST_LENGTH} characters without spaces",
            f"{len(token)} characters",
            "Make one: python -c 'import secrets; print(secrets.token_urlsafe(32))'",
        )
    return token


def check_address(host: str, token: str | None) -> None:
    """Refuse to listen to other machines without a token.

    Raises:
        RequestError: the address is not this machine's own, and there is no token.
    """
    if token is not None or is_loopback(host):
        return
    raise RequestError(
        "Other machines could reach this server, and anybody could use it.",
        "a token, or the address 127.0.0.1",
        f"--host {host} without --token-file",
        "Give --token-file, or leave --host out.",
    )


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this machine only. A name other than localhost never counts."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_token(headers: Mapping[str, str], token: str | None) -> None:
    """Let a request pass that bears the token. The time it takes tells nothing of the token.

    Raises:
        HttpError: 401.
    """
    if token is None:
        return
    scheme, _, given = headers.get("authorization", "").partition(" ")
    # Digests have one length: the comparison does not tell how long the token is, either.
    same = hmac.compare_digest(_digest(given.strip()), _digest(token))
    if not (same and scheme.lower() == "bearer"):
        raise HttpError(401, "A valid token is needed: Authorization: Bearer ...", {"www-authenticate": "Bearer"})


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
