"""Addresses of files: a server on this machine, and errors that give no secret away."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sevenfold.core.errors import DataError, MissingExtraError, RequestError
from sevenfold.data.readers.read import read
from sevenfold.data.readers.remote import without_secrets


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "a.csv").write_text("a;b\n1;x\n2;y\n")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_file_on_the_web(site: str) -> None:
    raw = read(f"{site}/a.csv?token=secret")
    assert raw.frame.rows() == [("1", "x"), ("2", "y")]
    assert raw.source["path"] == f"{site}/a.csv"
    with pytest.raises(RequestError, match="cannot be fetched") as caught:
        read(f"{site}/none.csv?token=secret")
    assert "404" in caught.value.received
    assert "secret" not in str(caught.value)
    with pytest.raises(DataError, match="too large"):
        read(f"{site}/a.csv", options={"limit_bytes": 5})


def test_object_stores_go_through_fsspec(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def opened(url: str, mode: str) -> io.BytesIO:
        asked.append(f"{url} {mode}")
        if "none" in url:
            raise FileNotFoundError(url)
        return io.BytesIO(b"a;b\n1;x\n2;y\n")

    monkeypatch.setitem(sys.modules, "fsspec", SimpleNamespace(open=opened))
    raw = read("s3://shop/day/a.csv")
    assert (raw.frame.height, raw.source["name"], asked) == (2, "a.csv", ["s3://shop/day/a.csv rb"])
    with pytest.raises(RequestError, match="cannot be fetched"):
        read("gs://shop/none.csv")


@pytest.mark.parametrize("url", ["s3://bucket/a.csv", "gs://bucket/a.csv", "az://box/a.parquet"])
def test_a_missing_package_is_named(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(MissingExtraError, match="needs the package 'fsspec'") as caught:
        read(url)
    assert caught.value.advice.startswith("pip install fsspec ")


def test_secrets_are_taken_off_addresses() -> None:
    assert without_secrets("https://ann:pw@host:8/a/b.csv?sig=1#x") == "https://host:8/a/b.csv"


def test_a_port_where_nobody_listens() -> None:
    with pytest.raises(RequestError, match="cannot be fetched"):
        read("http://127.0.0.1:1/a.csv")
