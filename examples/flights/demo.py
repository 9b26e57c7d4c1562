"""The whole life of a model on real data, through the command line a user has: `make demo`.

Audit, train, evaluate on later months, serve over HTTP, ask the server, and monitor what it was asked.
"""

import csv
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
RUN = Path("runs/demo")
STORE = Path("runs/demo-store")
BUDGET = os.environ.get("SEVENFOLD_DEMO_BUDGET", "60s")


def sevenfold(*arguments: str) -> None:
    print(f"\n$ sevenfold {' '.join(arguments)}", flush=True)
    subprocess.run([sys.executable, "-m", "sevenfold", *arguments], check=True)


def main() -> None:
    for folder in (RUN, STORE):
        shutil.rmtree(folder, ignore_errors=True)
    data, later = str(HERE / "flights.csv"), str(HERE / "flights_later.csv")
    sevenfold("audit", data, "--target", "late")
    sevenfold("train", data, "--target", "late", "--budget", BUDGET, "--out", str(RUN))
    sevenfold("evaluate", str(RUN), later)
    sevenfold("predict", str(RUN), later, "--out", "runs/demo-predictions.csv", "--proba")
    ask_a_server(Path(later))
    sevenfold("monitor", str(STORE), "--labels", later)
    print(f"\nDone. The report for people: {RUN / 'report.html'}; the model: {RUN / 'model.sevenfold'}")


def ask_a_server(later: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["serve", str(RUN), "--port", str(port), "--store", str(STORE)]
    print(f"\n$ sevenfold {' '.join(command)} &", flush=True)
    server = subprocess.Popen([sys.executable, "-m", "sevenfold", *command])
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(f"{url}/v2/health/ready", server)
        with later.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        for row in rows:
            del row["late"]
        one = post(f"{url}/predict", rows[0])
        print(f"$ curl {url}/predict --json '{json.dumps(rows[0])[:90]}...'\n{json.dumps(one)[:400]}")
        for start in range(0, len(rows), 500):
            post(f"{url}/predict", rows[start : start + 500])
        print(f"asked about {len(rows):,} flights of later months")
    finally:
        server.terminate()
        server.wait(timeout=30)


def post(url: str, body: object) -> object:
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def wait_for(url: str, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(200):
        if server.poll() is not None:
            raise SystemExit("the server ended before it was ready")
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("the server did not become ready in 40 s")


if __name__ == "__main__":
    main()
