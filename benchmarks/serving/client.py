"""One client that asks as fast as it is answered, over one connection, and looks at every answer."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import numpy as np


class Connection:
    """A kept-alive connection. Plain sockets: the client must not cost more than the servers it measures."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._path = parts.netloc, parts.path
        self._socket = socket.create_connection((parts.hostname, parts.port), timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def prepared(self, body: bytes) -> bytes:
        """The bytes of a whole request."""
        head = (
            f"POST {self._path} HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: application/json\r\n"
            f"Accept: application/json\r\nUser-Agent: benchmark\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    def ask(self, request: bytes) -> bytes:
        """The body of the answer; anything but status 200 is an error."""
        self._socket.sendall(request)
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._part()
        head, _, body = received.partition(b"\r\n\r\n")
        if b" 200 " not in head[:16]:
            raise RuntimeError(received[:500].decode(errors="replace"))
        lines = head.lower().split(b"\r\n")
        length = next(int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:"))
        while len(body) < length:
            body += self._part()
        return body

    def _part(self) -> bytes:
        part = self._socket.recv(65536)
        if not part:
            raise RuntimeError("The server closed the connection.")
        return part

    def close(self) -> None:
        self._socket.close()


class TritonConnection:
    """Triton's client over gRPC, which sends tensors as bytes."""

    def __init__(self, address: str, model: str) -> None:
        import tritonclient.grpc as triton

        self._triton = triton
        self._client = triton.InferenceServerClient(address)
        self._model = model

    def prepared(self, body: bytes) -> list[Any]:
        """The tensors of a JSON record, one for each column."""
        tensors = []
        for name, value in json.loads(body).items():
            tensors.append(self._triton.InferInput(name, [1], "FP64"))
            tensors[-1].set_data_from_numpy(np.array([value]))
        return tensors

    def ask(self, request: list[Any]) -> Any:
        """The predicted label."""
        try:
            return self._client.infer(self._model, request).as_numpy("prediction")[0]
        except self._triton.InferenceServerException as error:
            raise RuntimeError(str(error)) from error

    def close(self) -> None:
        self._client.close()


def latencies(connection: Connection | TritonConnection, bodies: Sequence[bytes], seconds: float) -> list[float]:
    """Seconds of each answer, asked one after the other for so long."""
    requests: list[Any] = [connection.prepared(body) for body in bodies]
    taken: list[float] = []
    end = time.perf_counter() + seconds
    try:
        while (started := time.perf_counter()) < end:
            connection.ask(requests[len(taken) % len(requests)])
            taken.append(time.perf_counter() - started)
    finally:
        connection.close()
    return taken
