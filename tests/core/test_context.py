from sevenfold.core.context import Deadline, Resources, Streams, process_seconds


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
