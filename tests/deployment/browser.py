"""A real Chromium without a window, told what to do over two pipes (the Chrome DevTools Protocol)."""

import base64
import itertools
import json
import os
import select
import shutil
import subprocess
import time
from contextlib import contextmanager

PATIENCE_SECONDS = 120


class Tab:
    """One page."""

    def __init__(self, write, read):
        self._write, self._read = write, read
        self._numbers = itertools.count(1)
        self._rest = b""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = {}
        self._session = {"sessionId": self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]}

    def ask(self, method, **params):
        number = next(self._numbers)
        session = getattr(self, "_session", {})
        told = {"id": number, "method": method, "params": params, **session}
        os.write(self._write, json.dumps(told).encode() + b"\0")
        while True:
            said = json.loads(self._message())
            if said.get("id") == number:
                if "error" in said:
                    raise RuntimeError(f"{method}: {said['error']}")
                return said["result"]

    def run(self, script):
        """The value of an expression in the page."""
        said = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in said:
            raise RuntimeError(said["exceptionDetails"])
        return said["result"].get("value")

    def open(self, url):
        self.ask("Page.navigate", url=url)
        self.wait("document.readyState === 'complete' && location.href !== 'about:blank'")

    def wait(self, condition):
        """Until an expression in the page is true."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not self.run(f"Boolean({condition})"):
            if time.monotonic() > end:
                raise TimeoutError(condition)
            time.sleep(0.05)

    def picture(self, path, width, height):
        """What the page looks like, as a PNG."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        path.write_bytes(base64.b64decode(self.ask("Page.captureScreenshot")["data"]))

    def _message(self):
        end = time.monotonic() + PATIENCE_SECONDS
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._read], [], [], max(0, end - time.monotonic()))
            part = os.read(self._read, 65536) if ready else b""
            if not part:
                raise ConnectionError("the browser ended, or says nothing")
            self._rest += part
        message, _, self._rest = self._rest.partition(b"\0")
        return message


@contextmanager
def tab(folder):
    """A page in a browser of its own; what it downloads lies in `folder / "downloads"`."""
    program = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
    if program is None:
        raise RuntimeError("no Chromium is installed: leave the slow tests out, or install one")
    to_browser, write = os.pipe()
    read, from_browser = os.pipe()
    command = [program, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--no-first-run"]
    shifted = f'exec "$0" "$@" 3<&{to_browser} 4>&{from_browser}'
    process = subprocess.Popen(
        ["bash", "-c", shifted, *command, f"--user-data-dir={folder / 'profile'}", "about:blank"],
        pass_fds=(to_browser, from_browser),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(to_browser)
    os.close(from_browser)
    try:
        page = Tab(write, read)
        (folder / "downloads").mkdir()
        page.ask("Page.enable")
        page.ask("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder / "downloads"))
        yield page
    finally:
        process.terminate()
        process.wait(30)
        os.close(write)
        os.close(read)
