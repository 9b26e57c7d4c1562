from pathlib import Path

from sevenfold.core.context import Deadline, Resources, Streams, memory_limits, process_seconds


def test_streams_depend_on_seed_and_name_alone() -> None:
    first = Streams(1).generator("a", 2).random(3).tolist()
    assert first == Streams(1).generator("a", 2).random(3).tolist()
    assert first != Streams(1).generator("a", 3).random(3).tolist()
    assert first != Streams(2).generator("a", 2).random(3).tolist()


def test_a_deadline_runs_on_the_clock_it_is_given() -> None:
    now = [10.0]
    deadline = Deadline(5.0, 10.0, lambda: now[0])
    now[0] = 12.0
    assert deadline.spent() == 2.0
    assert deadline.left() == 3.0
    now[0] = 99.0
    assert deadline.left() == 0.0


def test_resources_are_positive_and_the_process_has_a_past() -> None:
    found = Resources.detect()
    assert found.cores >= 1
    assert found.memory_bytes > 2**20
    assert 0 < process_seconds() < 1e6


def _written(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_the_limits_of_a_nested_group_and_of_those_around_it_are_read(tmp_path: Path) -> None:
    first = _written(
        tmp_path / "v1",
        {
            "proc/self/cgroup": "5:devices:/\n4:memory:/jobs/one\n3:cpuset,cpu:/jobs\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
            "sys/fs/cgroup/memory/jobs/memory.limit_in_bytes": "4000000000\n",
            "sys/fs/cgroup/memory/jobs/one/memory.limit_in_bytes": "2000000000\n",
        },
    )
    assert sorted(memory_limits(first)) == [2_000_000_000, 4_000_000_000]
    second = _written(
        tmp_path / "v2",
        {
            "proc/self/cgroup": "0::/a.slice/b.scope\n",
            "sys/fs/cgroup/a.slice/memory.max": "3000000000\n",
            "sys/fs/cgroup/a.slice/b.scope/memory.max": "max\n",
        },
    )
    assert memory_limits(second) == [3_000_000_000]


def test_the_limit_of_a_container_stands_at_the_root_of_its_mount(tmp_path: Path) -> None:
    inside = _written(
        tmp_path, {"proc/self/cgroup": "0::/../outer/elsewhere\n", "sys/fs/cgroup/memory.max": "1500000000\n"}
    )
    assert memory_limits(inside) == [1_500_000_000]
    assert memory_limits(tmp_path / "nowhere") == []
