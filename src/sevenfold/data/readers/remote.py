"""Web addresses and object stores: fetched within the memory limit, then read like a file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import IO, Any
from urllib.parse import urlsplit, urlunsplit

from sevenfold.core.errors import DataError, MissingExtraError, RequestError
from sevenfold.data.readers.base import Raw, Reader, Request
from sevenfold.data.readers.blob import Blob
from sevenfold.data.readers.content import parse

_CHUNK_BYTES = 2**20
_TIMEOUT_SECONDS = 60.0
_URL = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]+)://")
# The package that fsspec needs for each kind of store.
_PACKAGES = {
    "s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs", "abfss": "adlfs",
    "hf": "huggingface_hub", "sftp": "paramiko", "memory": "", "ftp": "", "file": "", "github": "", "webhdfs": "",
}  # fmt: skip


class Remote(Reader):
    """https://, http://, s3://, gs://, az:// and other addresses of files."""

    name = "url"

    def accepts(self, source: object) -> bool:
        """Whether it begins with a scheme."""
        return isinstance(source, str) and _URL.match(source) is not None

    def read(self, source: Any, request: Request) -> Raw:
        """Fetch the whole file and read it by its content."""
        url = str(source)
        scheme = urlsplit(url).scheme.lower()
        shown = without_secrets(url)
        limit = request.options.most_bytes
        with _faults_told(shown), _opened(url, scheme) as stream:
            content = _fetched(stream, limit, shown)
        name = urlsplit(url).path.rstrip("/").rpartition("/")[2] or shown
        raw = parse(Blob(name, limit, content=content), request)
        return Raw(raw.frame, {"path": shown, **raw.source})


def without_secrets(url: str) -> str:
    """The address without user, password, query and fragment, any of which may be a key."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _fetched(stream: IO[bytes], limit: int, shown: str) -> bytes:
    chunks: list[bytes] = []
    total = 0
    while chunk := stream.read(_CHUNK_BYTES):
        total += len(chunk)
        if total > limit:
            raise DataError(
                f"{shown} is too large for the memory of this machine.",
                f"at most {limit:,} bytes (half of the memory; option limit_bytes)",
                f"more than {limit:,} bytes",
                "Give more memory or a part of the data.",
            )
        chunks.append(chunk)
    return b"".join(chunks)


def _opened(url: str, scheme: str) -> Any:
    if scheme in ("http", "https"):
        from urllib.request import Request as WebRequest
        from urllib.request import urlopen

        return urlopen(WebRequest(url, headers={"User-Agent": "sevenfold"}), timeout=_TIMEOUT_SECONDS)
    if scheme not in _PACKAGES:
        raise RequestError(
            f"Addresses that begin with {scheme}:// cannot be read.",
            "a path, https://, s3://, gs://, az://, postgresql://, sqlite:/// or duckdb:///",
            f"{scheme}://",
            "Download the file and name it.",
        )
    try:
        return import_module("fsspec").open(url, "rb")
    except ImportError as error:
        package = "fsspec" if "fsspec" in str(error).split() or not _PACKAGES[scheme] else _PACKAGES[scheme]
        raise MissingExtraError(
            f"Reading {scheme}:// needs the package '{package}', which is not installed.",
            "fsspec and the package for this store",
            "an environment without it",
            f"pip install fsspec {_PACKAGES[scheme]}".strip(),
        ) from error


@contextmanager
def _faults_told(shown: str) -> Iterator[None]:
    """Whatever the network or a store's package raises is a request that cannot be met."""
    try:
        yield
    except (RequestError, DataError):
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0][:300]
        raise RequestError(
            f"{shown} cannot be fetched.", "an address that answers, and credentials for it", reason,
            "Check the address and your credentials, or download the file and name it.",
        ) from error  # fmt: skip
