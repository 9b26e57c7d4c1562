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

HERE = Path(os.path.relpath(Path(__file__).resolve().parent))
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
    say("Will a flight from New York arrive 30 minutes late or more? First, what would spoil a model of these data?")
    sevenfold("audit", data, "--target", "late")
    say("January to August train the model; the last weeks of them are sealed to test it.")
    sevenfold("train", data, "--target", "late", "--budget", BUDGET, "--out", str(RUN))
    say("September to December are later still. How well does it do there?")
    sevenfold("evaluate", str(RUN), later)
    sevenfold("predict", str(RUN), later, "--out", "runs/demo-predictions.csv", "--proba")
    say("The same file serves over HTTP, and keeps what it was asked.")
    ask_a_server(Path(later))
    say("Autumn weather is not summer weather: what has changed, and does the score hold now that the truth is known?")
    sevenfold("monitor", str(STORE), "--labels", later)
    say(f"Done. Open {RUN / 'report.html'} in a browser; the model is {RUN / 'model.sevenfold'}.")


def say(text: str) -> None:
    print(f"\n# {text}", flush=True)


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
        print(f"\n$ curl {url}/predict --json '{json.dumps(rows[0])}'\n{json.dumps(one)}")
        for start in range(1, len(rows), 500):
            post(f"{url}/predict", rows[start : start + 500])
        print(f"asked about {len(rows):,} flights in all")
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
