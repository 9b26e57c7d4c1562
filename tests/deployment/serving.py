"""A service behind real HTTP on a free port of this machine, for tests."""

import socket
import threading
import time
from contextlib import contextmanager

import httpx
import uvicorn


@contextmanager
def running(service):
    """Serve in a thread; gives the URL."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(service, log_config=None, access_log=False, lifespan="on", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    try:
        for _ in range(200):
            if server.started:
                break
            time.sleep(0.02)
        yield url
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


@contextmanager
def client_of(service, **options):
    """An HTTP client of a running service."""
    with running(service) as url, httpx.Client(base_url=url, timeout=20, **options) as client:
        yield client


def raw_exchange(url, content, pause_seconds=0.0, parts=1):
    """Send bytes as they are, in parts, and return everything that comes back."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        size = max(1, len(content) // parts)
        for start in range(0, len(content), size):
            connection.sendall(content[start : start + size])
            time.sleep(pause_seconds)
        received = b""
        try:
            while part := connection.recv(65536):
                received += part
        except TimeoutError:
            pass
        return received


class Line:
    """One connection that is kept: a client that costs next to nothing beside the server it asks."""

    def __init__(self, url, timeout=120):
        host, port = url.removeprefix("http://").split(":")
        self.address = (host, int(port))
        self.connection = socket.create_connection(self.address, timeout=timeout)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""

    def send(self, request):
        self.connection.sendall(request)

    def reply(self):
        """The status, the lower-case head and the body; a ConnectionError where the server ends before them."""
        while (end := self.received.find(b"\r\n\r\n")) < 0:
            self._more()
        head = self.received[:end].lower()
        size = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        while len(self.received) < end + 4 + size:
            self._more()
        body, self.received = self.received[end + 4 : end + 4 + size], self.received[end + 4 + size :]
        return int(head[9:12]), head, body

    def ask(self, request):
        self.send(request)
        return self.reply()

    def close(self):
        self.connection.close()

    def _more(self):
        part = self.connection.recv(65536)
        if not part:
            raise ConnectionError("the server ended the connection before it answered")
        self.received += part


def post(path, body):
    """The bytes of a request."""
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body
