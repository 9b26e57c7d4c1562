"""Addresses of files: a server on this machine, and errors that give no secret away."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
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


def test_object_stores_go_through_fsspec() -> None:
    fsspec = pytest.importorskip("fsspec")
    with fsspec.open("memory://shop/a.csv", "wb") as file:
        file.write(b"a;b\n1;x\n2;y\n")
    assert read("memory://shop/a.csv").frame.height == 2
    with pytest.raises(RequestError, match="cannot be fetched"):
        read("memory://shop/none.csv")


@pytest.mark.parametrize("url", ["s3://bucket/a.csv", "gs://bucket/a.csv", "az://box/a.parquet"])
def test_a_missing_package_is_named(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import builtins

    original = builtins.__import__

    def without_stores(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.partition(".")[0] in ("fsspec", "s3fs", "gcsfs", "adlfs"):
            raise ImportError(f"No module named '{name}'")
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_stores)
    with pytest.raises(MissingExtraError, match="needs the package") as caught:
        read(url)
    assert caught.value.advice.startswith("pip install fsspec")


def test_secrets_are_taken_off_addresses() -> None:
    assert without_secrets("https://ann:pw@host:8/a/b.csv?sig=1#x") == "https://host:8/a/b.csv"


def test_a_port_where_nobody_listens() -> None:
    with pytest.raises(RequestError, match="cannot be fetched"):
        read("http://127.0.0.1:1/a.csv")
