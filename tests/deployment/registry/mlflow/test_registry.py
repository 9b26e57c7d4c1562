"""What is particular to MLflow: its own tools find the models, and nobody is fooled by what they change."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
from tiny_parts import PARTS, contents, table

from sevenfold.core.errors import BundleError, RequestError
from sevenfold.deployment.bundle import load, save
from sevenfold.deployment.registry import decide
from sevenfold.deployment.registry.address import Address
from sevenfold.deployment.registry.gate import Limits
from sevenfold.deployment.registry.lineage import Lineage
from sevenfold.deployment.registry.mlflow import journal
from sevenfold.deployment.registry.mlflow.client import check_uri, open_client
from sevenfold.deployment.registry.mlflow.registry import MlflowRegistry
from sevenfold.deployment.traffic.plan import Stage, Traffic
from sevenfold.deployment.traffic.watch import Watcher


@pytest.fixture
def registry(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setattr("sevenfold.deployment.isolation.canary", _without_a_child)
    return MlflowRegistry(f"sqlite:///{tmp_path / 'models.db'}", "ada", tmp_path / "cache")


def _without_a_child(path, *more, **options):
    from sevenfold.deployment.archive import read_archive

    return read_archive(path)[2]


def filled(registry, tmp_path):
    for number in (1, 2):
        save(tmp_path / f"{number}.sevenfold", contents(rows=100 + 20 * number, members=1))
        decide.add(registry, "m", tmp_path / f"{number}.sevenfold", parts=PARTS)


def test_mlflows_tools_see_versions_aliases_and_lineage(registry, tmp_path):
    """One test for much, as each database costs MLflow a while."""
    filled(registry, tmp_path)
    decide.promote(registry, "m", 1, limits=Limits(latency_seconds=60.0), parts=PARTS)
    client = open_client(registry.uri, create=False)
    model = client.get_model_version_by_alias("m", "champion")
    assert model.version in (1, "1")
    assert model.tags["sevenfold.run"] == "r1" and model.tags["sevenfold.data"] == "abc"
    assert "value=0.5" in model.tags["sevenfold.test"]
    names = {file.path for file in client.list_artifacts(model.run_id, "model")}
    assert {"model/MLmodel", "model/model.sevenfold", "model/requirements.txt"} <= names

    # A server follows the log's alias.
    stage = Stage(Traffic({"m": Address("m")}), registry, parts=PARTS)
    watcher = Watcher(stage)
    assert stage.hosted_version("first", "m") == "1"
    registry.promote("m", 2)
    watcher.look()
    assert stage.hosted_version("first", "m") == "2"
    assert registry.log("m")[-1].details["outcome"] == "swapped"
    stage.host.close()

    # An alias that is moved past the gate is told, not followed, and put right by the next who writes.
    client.set_registered_model_alias("m", "champion", "1")
    (odd,) = registry.oddities("m")
    assert "In MLflow champion points to version 1" in odd
    assert registry.get(Address("m")).version == 2
    registry.rollback("m")
    assert registry.oddities("m") == ()

    # Killed after the line and before the alias: the line counts, and the next who writes mends the alias.
    said = {"who": "ada", "action": "promote", "alias": "champion", "version": 2, "why": "", "details": {}}
    journal.append(client, "m", {**said, "seen": None})
    assert registry.get(Address("m")).version == 2
    assert len(registry.oddities("m")) == 1
    registry.promote("m", 2)
    assert registry.oddities("m") == ()

    # A file that is changed in MLflow is never served from there.
    second = registry.get(Address("m", None, 2))
    (artifact,) = tmp_path.glob(f"models.db.artifacts/m/{_run(client, 2)}/artifacts/model/model.sevenfold")
    good = artifact.read_bytes()
    artifact.write_bytes(good[:-1])
    assert registry.file(second).read_bytes() == good  # from this machine's copy
    registry.file(second).unlink()
    with pytest.raises(BundleError, match="has been changed"):
        registry.file(second)
    artifact.unlink()
    with pytest.raises(BundleError, match="is missing"):
        registry.promote("m", 2, "challenger")
    decide.add(registry, "m", tmp_path / "2.sevenfold", parts=PARTS)  # adding again mends it
    assert artifact.read_bytes() == good

    # A line that somebody deletes leaves a gap that is told.
    client.delete_model_version("m~log", "2")
    assert any("Lines of the log were removed" in odd for odd in registry.oddities("m"))
    with pytest.raises(RequestError, match="keeps this alias for itself"):
        registry.promote("m", 1, "Latest")


def _run(client, version):
    return client.get_model_version("m", str(version)).run_id


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_pyfunc_loads_what_the_alias_means(registry, tmp_path, monkeypatch):
    import mlflow

    monkeypatch.setattr("sevenfold.deployment.parts.Parts.installed", lambda: PARTS)
    filled(registry, tmp_path)
    registry.promote("m", 2)
    mlflow.set_tracking_uri(registry.uri)
    try:
        loaded = mlflow.pyfunc.load_model("models:/m@champion")
    finally:
        mlflow.set_tracking_uri(None)
    rows = table(20, seed=3).drop("bought")
    expected = load(tmp_path / "2.sevenfold", parts=PARTS).predict(rows)
    assert loaded.predict(rows.to_pandas())["prediction"].tolist() == expected.tolist()


RACE = """
import sys
from pathlib import Path
from sevenfold.core.errors import RequestError
from sevenfold.deployment.registry.lineage import Lineage
from sevenfold.deployment.registry.mlflow.registry import MlflowRegistry

registry = MlflowRegistry(sys.argv[1], sys.argv[3], Path(sys.argv[2]).parent / "cache")
registry.versions("m")
print("ready", flush=True)
sys.stdin.readline()
try:
    registry.promote("m", int(sys.argv[4]), expect=0)
    print("won")
except RequestError as error:
    print(error.what)
"""


@pytest.mark.slow
def test_of_several_processes_that_promote_at_once_one_wins(registry, tmp_path):
    sources = [tmp_path / f"{number}.sevenfold" for number in range(4)]
    for number, source in enumerate(sources):
        source.write_bytes(bytes([number]) * 100)
        registry.add("m", source, lambda path: Lineage(path.stem, "binary", "y", "log_loss"))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(part for part in sys.path if part)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", RACE, registry.uri, str(source), f"p{number}", str(number + 1)],
            env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )
        for number, source in enumerate(sources)
    ]  # fmt: skip
    assert [process.stdout.readline() for process in processes] == ["ready\n"] * 4
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=250)[0].strip() for process in processes]
    assert said.count("won") == 1
    assert sum("another one by now; nothing was changed" in text for text in said) == 3
    winner = said.index("won") + 1
    assert registry.get(Address("m")).version == winner
    assert [e.version for e in registry.log("m") if e.action == "promote"] == [winner]
    assert registry.oddities("m") == ()


@pytest.fixture
def server(tmp_path, monkeypatch):
    """The address of an MLflow server of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "PYTHONWARNINGS": "ignore"}
    command = [
        sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
        "--backend-store-uri", f"sqlite:///{tmp_path / 'server.db'}", "--artifacts-destination", str(tmp_path / "kept"),
    ]  # fmt: skip
    with (tmp_path / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command, env=environment, cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
    try:
        yield _answering(f"http://127.0.0.1:{port}", process, tmp_path / "server.log")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # its workers, too
        process.wait(60)


def _answering(url, process, log):
    end = time.monotonic() + 400
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=10) as answer:
                if answer.status == 200:
                    return url
        except OSError:
            time.sleep(0.2)
    raise AssertionError(log.read_text(errors="replace")[-3000:])


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_server_of_mlflows_keeps_everything(server, registry, tmp_path):
    """The whole life of a model over HTTP; files go through the server, as nobody else may read its folder."""
    ours = MlflowRegistry(server, "ada", tmp_path / "cache")
    assert ours.names() == []
    filled(ours, tmp_path)
    assert (ours.names(), [v.version for v in ours.versions("m")]) == (["m"], [1, 2])
    decide.promote(ours, "m", 1, limits=Limits(latency_seconds=60.0), parts=PARTS)
    assert ours.promote("m", 2, expect=1).previous == 1
    with pytest.raises(RequestError, match="another one by now"):
        ours.promote("m", 1, expect=1)

    # Another machine has no copies, and is given the same bytes.
    theirs = MlflowRegistry(server, "bob", tmp_path / "elsewhere")
    assert theirs.path(Address("m")).read_bytes() == (tmp_path / "2.sevenfold").read_bytes()
    assert theirs.rollback("m").version == 1
    assert ours.get(Address("m")).version == 1
    assert [(e.who, e.action, e.version) for e in ours.log("m") if e.alias] == [
        ("ada", "promote", 1), ("ada", "promote", 2), ("bob", "rollback", 1),
    ]  # fmt: skip
    client = open_client(server, create=False)
    assert str(client.get_model_version_by_alias("m", "champion").version) == "1"
    assert ours.oddities("m") == ()

    # A file that is changed where the server keeps it is never taken.
    (kept,) = (tmp_path / "kept").rglob(f"{_run(client, 2)}/artifacts/model/model.sevenfold")
    kept.write_bytes(kept.read_bytes()[:-1])
    with pytest.raises(BundleError, match="has been changed"):
        MlflowRegistry(server, "eve", tmp_path / "third").path(Address("m", None, 2))
    assert theirs.place == "mlflow+" + server


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_server_that_is_away_is_told(registry, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        away = MlflowRegistry(f"http://ada:secret@127.0.0.1:{free.getsockname()[1]}", "ada", tmp_path / "cache")
        with pytest.raises(RequestError, match="cannot be used") as told:
            away.versions("m")
    assert "secret" not in str(told.value)


@pytest.mark.parametrize(("text", "words"), [("", "MLFLOW_TRACKING_URI"), ("mlruns", "database or a server")])
def test_what_is_no_address_is_told(text, words, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(RequestError) as told:
        check_uri(text)
    assert words in str(told.value)
