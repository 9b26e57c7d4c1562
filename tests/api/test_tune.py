"""How a run's memory is divided."""

from sevenfold.api.tune import memory_for_workers


def test_workers_get_what_the_main_process_leaves() -> None:
    roomy = memory_for_workers(20e9, 0.5e9)
    assert roomy == 0.8 * 20e9
    tight = memory_for_workers(2e9, 0.5e9)
    assert tight + 0.5e9 < 1.9e9
    assert memory_for_workers(1e9, 2e9) > 0
