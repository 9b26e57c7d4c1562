"""Signed bundles: who holds the private key made this file. Digests tell damage; only a signature tells forgery.

The signature stands in the manifest and covers the rest of it, and the manifest holds a digest of every member.
Keys are Ed25519 in PEM form, as `openssl genpkey -algorithm ed25519` writes them. Source: RFC 8032.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sevenfold.core.errors import BundleError, MissingExtraError, RequestError
from sevenfold.deployment.archive import read_archive, write_archive
from sevenfold.deployment.documents import canonical
from sevenfold.deployment.files import write_whole

TRUST_VARIABLE = "SEVENFOLD_TRUST_KEY"
_DOMAIN = b"sevenfold bundle 1\n"  # a signature of something else is none of a bundle
_KEY_LIMIT_BYTES = 10_000


def sign_bundle(bundle: Path, key: Path, out: Path | None = None) -> None:
    """Write the bundle anew (in its place, or to `out`) with a signature by the private key of file `key`.

    Raises:
        BundleError: the bundle is damaged.
        RequestError: the key cannot be read, the file cannot be written.
        MissingExtraError: the extra 'sign' is not installed.
    """
    signer = _signer(key)
    manifest, members, _ = read_archive(bundle)
    plain = {name: value for name, value in manifest.items() if name not in ("members", "signature")}
    write_whole(out or bundle, write_archive(plain, members, sign=signer))


def trusted_keys(trust: str | Path | Sequence[str | Path] | None) -> tuple[Path, ...] | None:
    """Files of the public keys whose signatures are asked for; None where none is.

    Args:
        trust: files; by default those that the environment variable SEVENFOLD_TRUST_KEY names, with ":" between.
    """
    if trust is None:
        named = os.environ.get(TRUST_VARIABLE, "")
        return tuple(Path(name) for name in named.split(os.pathsep) if name) or None
    return (Path(trust),) if isinstance(trust, str | Path) else tuple(Path(name) for name in trust)


def check_signature(manifest: Mapping[str, Any], keys: Sequence[Path]) -> None:
    """Refuse a manifest that none of the keys signed.

    Raises:
        BundleError: no signature, or one by another key, or of another manifest.
        RequestError: a key cannot be read.
        MissingExtraError: the extra 'sign' is not installed.
    """
    from cryptography.exceptions import InvalidSignature

    public = [_public(path) for path in keys]
    stored = manifest.get("signature")
    if stored is None:
        raise _untrusted("a bundle without a signature")
    try:
        signature = base64.b64decode(stored["ed25519"], validate=True)
    except (TypeError, KeyError, ValueError, binascii.Error):
        raise _untrusted("a signature that cannot be read") from None
    message = _message(manifest)
    for key in public:
        try:
            key.verify(signature, message)
        except InvalidSignature:
            continue
        return
    raise _untrusted("a signature that none of these keys made for this content")


def _message(manifest: Mapping[str, Any]) -> bytes:
    signed = {name: value for name, value in manifest.items() if name != "signature"}
    return _DOMAIN + hashlib.sha256(canonical(signed)).digest()


def _signer(path: Path) -> Callable[[Mapping[str, Any]], dict[str, str]]:
    key = _key(path, "load_pem_private_key", "Ed25519PrivateKey", password=None)
    return lambda manifest: {"ed25519": base64.b64encode(key.sign(_message(manifest))).decode()}


def _public(path: Path) -> Any:
    return _key(path, "load_pem_public_key", "Ed25519PublicKey")


def _key(path: Path, loader: str, kind: str, **options: Any) -> Any:
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError:
        raise MissingExtraError.of("cryptography", "sign", "A signed bundle") from None
    try:
        with path.open("rb") as file:
            key = getattr(serialization, loader)(file.read(_KEY_LIMIT_BYTES), **options)
    except OSError as error:
        raise _unusable(path, kind, error.strerror or str(error)) from error
    except Exception as error:
        raise _unusable(path, kind, "another kind of file") from error
    if not isinstance(key, getattr(ed25519, kind)):
        raise _unusable(path, kind, "a key of another kind")
    return key


def _unusable(path: Path, kind: str, received: str) -> RequestError:
    return RequestError(
        f"The key {path} cannot be used.",
        f"a PEM file with an {kind}",
        received,
        "Make one: openssl genpkey -algorithm ed25519 -out key.pem; openssl pkey -in key.pem -pubout -out key.pub",
    )


def _untrusted(received: str) -> BundleError:
    return BundleError(
        "The model file is not signed by a key that is trusted here.",
        "a signature by one of the given keys",
        received,
        "Have it signed by whoever trained it: sevenfold sign MODEL --sign-key key.pem",
    )
