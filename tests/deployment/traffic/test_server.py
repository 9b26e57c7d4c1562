"""The blocking server in a process of its own: it follows its alias, with a canary, a shadow and a second model."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from tiny_parts import table

from sevenfold.monitoring.shadow import read_pairs

SCRIPT = """
import sys
from pathlib import Path
import tiny_parts
from sevenfold.deployment.registry.address import Address
from sevenfold.deployment.registry.folder import FolderRegistry
from sevenfold.deployment.traffic.plan import Traffic
from sevenfold.monitoring.serving import serve
traffic = Traffic({"m": Address("m"), "b": Path(sys.argv[2])}, shadow=Address("m", "challenger"))
serve(traffic, port=0, parts=tiny_parts.PARTS, registry=FolderRegistry(Path(sys.argv[1])), store=Path(sys.argv[3]),
      on_start=lambda url: print(url, flush=True))
print("ended", flush=True)
"""


@pytest.mark.slow  # a process of its own that loads four models in children
def test_it_follows_its_alias_and_keeps_what_the_shadow_said(registry, bundles, tmp_path):
    here = str(Path(__file__).parent.parent)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([here, *[p for p in sys.path if p]])}
    command = [sys.executable, "-c", SCRIPT, str(registry.folder), str(bundles[1]), str(tmp_path / "store")]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    url = process.stdout.readline().strip()
    record = json.loads(table(1, seed=1).drop("bought").write_json())[0]
    with httpx.Client(base_url=url, timeout=60) as client:
        assert client.post("/predict", json=record).headers["x-model-version"] == "1"
        assert client.post("/predict/b", json=record).headers["x-model-version"] == "1"
        registry.promote("m", 2)
        process.send_signal(signal.SIGHUP)
        until = time.monotonic() + 100
        while (reply := client.post("/predict", json=record)).headers["x-model-version"] != "2":
            assert reply.status_code == 200 and time.monotonic() < until
            time.sleep(0.05)
        assert client.post("/predict", json=record).status_code == 200
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    assert process.stdout.read() == "ended\n"
    process.stdout.close()
    pairs = list(read_pairs(tmp_path / "store"))
    assert {(p["served"]["version"], p["shadow"]["version"]) for p in pairs} == {("1", "2"), ("2", "2")}
    told = [json.loads(line) for line in (tmp_path / "store" / "versions.jsonl").read_text().splitlines()]
    assert [(t["role"], t["name"], t["version"]) for t in told] == [
        ("also", "b", "1"), ("first", "m", "1"), ("first", "m", "2")
    ]  # fmt: skip
    assert (tmp_path / "store" / "also" / "b" / "store.json").is_file()
    assert json.loads((tmp_path / "store" / "store.json").read_bytes())["model"] == told[-1]["model"]
