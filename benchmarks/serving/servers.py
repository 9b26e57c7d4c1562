"""The servers of this comparison: how each is started, where it is asked, and how a record is put to it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from pathlib import Path

import psutil
from client import Connection, TritonConnection
from rows import COLUMNS

HERE = Path(__file__).parent
_START_SECONDS = 120


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


class Server(ABC):
    """A server in a process of its own, with one worker.

    Args:
        python: the interpreter of the virtual environment that it is installed in.
        folder: holds `model.sevenfold` and `model.txt`, and takes what the server needs.
    """

    name = ""
    path = "/"

    def __init__(self, python: str, folder: Path) -> None:
        self.python = python
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}{self.path}"

    @abstractmethod
    def command(self) -> list[str]:
        """What starts it."""

    def environment(self) -> dict[str, str]:
        return {}

    def body(self, record: bytes) -> bytes:
        """A JSON record as this server wants it."""
        return record

    def connection(self) -> Connection | TritonConnection:
        """A client's connection to it."""
        return Connection(self.url)

    def __enter__(self) -> Server:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", **self.environment()}
        with (self.folder / f"{self.name}.log").open("wb") as log:
            self.process = subprocess.Popen(
                self.command(), env=environment, cwd=self.folder, stdout=log, stderr=log, start_new_session=True
            )
        return self

    def __exit__(self, *error: object) -> None:
        mine = self._family()
        for process in mine:
            process.terminate()
        _, left = psutil.wait_procs(mine, timeout=20)
        for process in left:
            process.kill()
        self.process.wait()

    def wait_until_it_answers(self, record: bytes) -> None:
        end = time.monotonic() + _START_SECONDS
        while True:
            try:
                connection = self.connection()
                connection.ask(connection.prepared(self.body(record)))
                connection.close()
                return
            except (OSError, RuntimeError) as error:
                if time.monotonic() > end or self.process.poll() is not None:
                    raise RuntimeError(f"{self.name} does not answer; see {self.folder / self.name}.log") from error
                time.sleep(0.3)

    def cpu_seconds(self) -> float:
        """CPU time of the server's processes so far."""
        times = [process.cpu_times() for process in self._family()]
        return sum(t.user + t.system for t in times)

    def memory_bytes(self) -> int:
        return sum(process.memory_info().rss for process in self._family())

    def _family(self) -> list[psutil.Process]:
        try:
            parent = psutil.Process(self.process.pid)
            return [parent, *parent.children(recursive=True)]
        except psutil.NoSuchProcess:  # it has ended by itself
            return []


class NoOp(Server):
    """Raw ASGI on uvicorn that answers a constant: what no server on this stack can be faster than."""

    name = "noop"

    def command(self) -> list[str]:
        return [self.python, str(HERE / "rivals" / "noop.py"), str(self.port)]


class Sevenfold(Server):
    """`sevenfold serve`."""

    name = "sevenfold"
    path = "/predict"

    def command(self) -> list[str]:
        return [self.python, "-m", "sevenfold", "serve", str(self.folder / "model.sevenfold"), "--port", str(self.port)]


class SevenfoldTensors(Sevenfold):
    """`sevenfold serve`, asked in the Open Inference Protocol."""

    name = "sevenfold-v2"
    path = "/v2/models/model/infer"

    def body(self, record: bytes) -> bytes:
        values = json.loads(record)
        inputs = [{"name": n, "datatype": "FP64", "shape": [1], "data": [values[n]]} for n in COLUMNS]
        return json.dumps({"inputs": inputs}).encode()


class SevenfoldGrpc(Sevenfold):
    """`sevenfold serve`, asked over gRPC by Triton's client, whose own time is in the latencies."""

    name = "sevenfold-grpc"

    def __init__(self, python: str, folder: Path) -> None:
        super().__init__(python, folder)
        self.grpc_port = free_port()

    def command(self) -> list[str]:
        return [*super().command(), "--grpc-port", str(self.grpc_port)]

    def connection(self) -> TritonConnection:
        return TritonConnection(f"127.0.0.1:{self.grpc_port}", "model")


class MLServer(Server):
    """MLServer with its own LightGBM runtime, asked in the Open Inference Protocol."""

    name = "mlserver"
    path = "/v2/models/trees/infer"

    def command(self) -> list[str]:
        settings = {
            "http_port": self.port,
            "grpc_port": free_port(),
            "metrics_port": free_port(),
            "parallel_workers": 0,
        }
        (self.folder / "settings.json").write_text(json.dumps({**settings, "debug": False}), encoding="utf-8")
        model = {
            "name": "trees",
            "implementation": "mlserver_lightgbm.LightGBMModel",
            "parameters": {"uri": str(self.folder / "model.txt"), "version": "1"},
        }
        (self.folder / "model-settings.json").write_text(json.dumps(model), encoding="utf-8")
        return [str(Path(self.python).parent / "mlserver"), "start", str(self.folder)]

    def body(self, record: bytes) -> bytes:
        values = [list(json.loads(record).values())]
        tensor = {"name": "rows", "datatype": "FP64", "shape": [1, len(COLUMNS)], "data": values}
        return json.dumps({"inputs": [tensor]}).encode()


class BentoML(Server):
    """BentoML with the booster in an API method."""

    name = "bentoml"
    path = "/predict"

    def command(self) -> list[str]:
        bento = Path(self.python).parent / "bentoml"
        return [
            str(bento),
            "serve",
            "bento_service:Trees",
            "--port",
            str(self.port),
            "--working-dir",
            str(HERE / "rivals"),
        ]

    def environment(self) -> dict[str, str]:
        return {"MODEL_FILE": str(self.folder / "model.txt"), "BENTOML_DO_NOT_TRACK": "True"}

    def body(self, record: bytes) -> bytes:
        return b'{"record":' + record + b"}"


OURS = (NoOp, Sevenfold, SevenfoldTensors, SevenfoldGrpc)
RIVALS = {"mlserver": MLServer, "bentoml": BentoML}
THIS_PYTHON = sys.executable
