"""How soon drift is noticed and how often nothing is called drift, beside Evidently and NannyML.

    python benchmarks/monitoring/run.py [--repeats 5] [--electricity train.csv]
        [--evidently PYTHON] [--nannyml PYTHON] [--without-sevenfold] [--out benchmarks/monitoring/results.json]

PYTHON is the interpreter of an environment of its own with that package. Every system gets the same files and its own
defaults. An alarm is what a system would show after a window; the delay is the number of windows from the fault's
onset, 1 being the first; false alarms are clean windows with an alarm. Systems may be measured one after the other:
with `--without-sevenfold`, what is in the file of other systems stays; and in parts: what is in the file stays where
`--cases` does not begin with 0.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from streams import write_electricity, write_faults

HERE = Path(__file__).parent
ANY = "rows"  # a rule that names no columns


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--repeats", default=5, type=int)
    options.add_argument("--electricity", type=Path)
    options.add_argument("--evidently")
    options.add_argument("--nannyml")
    options.add_argument("--without-sevenfold", action="store_true")
    options.add_argument("--cases", default="0-99", help="which of the faults, as 0-3; electricity is the last one")
    options.add_argument("--out", type=Path, default=HERE / "results.json")
    given = options.parse_args()
    own = None if given.without_sevenfold else sys.executable
    systems = {"sevenfold": own, "evidently": given.evidently, "nannyml": given.nannyml}
    with tempfile.TemporaryDirectory() as scratch:
        folders = write_faults(Path(scratch), given.repeats)
        if given.electricity:
            folders.append(write_electricity(Path(scratch), given.electricity))
        first, last = map(int, given.cases.split("-"))
        folders = [f for number, f in enumerate(folders) if first <= number // given.repeats <= last]
        facts = {folder.name: json.loads((folder / "facts.json").read_text()) for folder in folders}
        made: dict = {"python": platform.python_version(), "repeats": given.repeats, "systems": {}, "versions": {}}
        if (given.without_sevenfold or first) and given.out.exists():
            made = {**json.loads(given.out.read_text()), "repeats": given.repeats}
        for system, python in systems.items():
            if python is None:
                continue
            started = time.perf_counter()
            found = _run(system, python, folders)
            seconds = time.perf_counter() - started
            made["versions"][system] = _version(system, python)
            for rule, by_folder in found.items():
                before = made["systems"].get(rule, {}) if first else {}
                judged = {**before.get("faults", {}), **_judged(by_folder, facts)["faults"]}
                seconds_in_all = round(seconds + before.get("seconds", 0), 1)
                made["systems"][rule] = {"faults": judged, "seconds": seconds_in_all}
    given.out.write_text(json.dumps(made, indent=1))
    print(table(made))


def _run(system: str, python: str, folders: list[Path]) -> dict:
    command = [python, str(HERE / "adapters" / f"{system}_adapter.py"), *map(str, folders)]
    environment = {**os.environ, "DO_NOT_TRACK": "1", "NML_DISABLE_USAGE_LOGGING": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise SystemExit(f"{system} failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def _version(system: str, python: str) -> str:
    code = f"import importlib.metadata as m; print(m.version('{system}'))"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True)
    return done.stdout.strip() or "from the source tree"


def _judged(by_folder: dict[str, list[list[str]]], facts: dict) -> dict:
    """Delay and false alarms by fault."""
    faults: dict[str, dict] = {}
    for folder, alarms in by_folder.items():
        name, onset = facts[folder]["name"], facts[folder]["onset"]
        clean = alarms if onset is None else alarms[:onset]
        entry = faults.setdefault(name, {"delays": [], "false": 0, "clean": 0, "faulty": 0, "seen": 0})
        if facts[folder]["columns"]:  # what begins there; other columns may differ before, and rightly
            begun = set(facts[folder]["columns"])
            entry["others_before"] = sum(bool(set(names) - begun) for names in clean)
            alarms = [[n for n in names if n in begun or n == ANY] for names in alarms]
            clean = alarms[:onset]
        entry["false"] += sum(bool(names) for names in clean)
        entry["clean"] += len(clean)
        if onset is not None:
            after = [bool(names) for names in alarms[onset:]]
            entry["delays"].append(after.index(True) + 1 if True in after else None)
            entry["faulty"] += len(after)
            entry["seen"] += sum(after)
    return {"faults": faults}


def table(made: dict) -> str:
    """The results as Markdown."""
    rules = list(made["systems"])
    lines = ["| fault | " + " | ".join(rules) + " |", "| --- |" + " --- |" * len(rules)]
    for name in dict.fromkeys(name for rule in rules for name in made["systems"][rule]["faults"]):
        entries = [made["systems"][rule]["faults"].get(name) for rule in rules]
        cells = ["" if entry is None else _cell(entry, name) for entry in entries]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    totals = []
    for rule in rules:
        kept = [entry for name, entry in made["systems"][rule]["faults"].items() if name != "electricity"]
        false, clean = sum(e["false"] for e in kept), sum(e["clean"] for e in kept)
        totals.append(f"{false / clean:.1%} ({false}/{clean})")
    lines.append("| **false alarms in clean windows** | " + " | ".join(totals) + " |")
    return "\n".join(lines)


def _cell(entry: dict, name: str) -> str:
    known = [delay for delay in entry["delays"] if delay is not None]
    if name == "electricity":
        delay = f"{known[0]}" if known else "never"
        others = entry["others_before"]
        return f"{delay}; before: these {entry['false']}/{entry['clean']}, others {others}/{entry['clean']}"
    if not entry["delays"]:
        return f"{entry['false']}/{entry['clean']} alarms"
    median = f"{statistics.median(known):g}" if known else "–"
    if known and max(known) > statistics.median(known):
        median += f" (at most {max(known)})"
    return f"{median} ({len(known)}/{len(entry['delays'])} seen; in {entry['seen'] / entry['faulty']:.0%} of windows)"


if __name__ == "__main__":
    main()
