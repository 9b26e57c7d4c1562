"""How a run's memory is divided."""

from sevenfold.api.tune import _of_whole_file, memory_for_workers
from sevenfold.models.catalogue import MODELS
from sevenfold.tuning.candidates import Candidate


def test_workers_get_what_the_main_process_leaves() -> None:
    roomy = memory_for_workers(20e9, 0.5e9)
    assert roomy == 0.8 * 20e9
    tight = memory_for_workers(2e9, 0.5e9)
    assert tight + 0.5e9 < 1.9e9
    assert memory_for_workers(1e9, 2e9) > 0


def test_of_a_file_larger_than_memory_only_models_that_learn_from_batches_are_tried() -> None:
    named = {
        name: Candidate(MODELS.get(name).spec, {}, (), 1) for name in ("constant", "ridge", "lightgbm", "catboost")
    }
    kept, others = _of_whole_file(list(named.values()))
    assert [candidate.name for candidate in kept] == ["constant", "ridge", "lightgbm"]
    assert others == ["catboost"]
    few = [named["constant"], named["catboost"]]
    assert _of_whole_file(few) == (few, [])
