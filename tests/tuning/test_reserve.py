"""What is kept for the end follows what was measured."""

import itertools

from sevenfold.core.recipe import Recipe
from sevenfold.tuning.job import JobResult
from sevenfold.tuning.pulse import Pulse
from sevenfold.tuning.reserve import Reserve
from sevenfold.tuning.trial import Status, Trial


def trial(seconds: float = 1.0, predict: float = 0.01, size: int = 100_000, model: str = "lightgbm") -> Trial:
    made = Trial("t001", Recipe(model), "default", "portfolio", status=Status.FINISHED)
    for fold in range(5):
        made.add(fold, JobResult(0.5, 0.5, 10, seconds, 0.0, predict, size, 0))
    return made


def pulse(seconds: float) -> Pulse:
    ticks = itertools.count()
    made = Pulse(clock=lambda: seconds * next(ticks), work=lambda: None)
    made.beat(3)
    return made


def test_a_slow_machine_keeps_more() -> None:
    slow, fast = Reserve(60.0, pulse(0.0056)), Reserve(60.0, pulse(0.0014))
    assert slow([trial()]) > fast([trial()])


def test_large_models_and_slow_predictions_keep_more() -> None:
    reserve = Reserve(60.0, pulse(0.0014), test_rows=1000, valid_rows=1000)
    least = reserve([trial()])
    assert reserve([trial(size=10_000_000)]) > least
    assert reserve([trial(predict=0.1)]) > least
    assert reserve([trial(model="catboost")]) > least


def test_a_last_fit_is_kept_for_as_long_as_folds_took() -> None:
    without, with_it = (Reserve(600.0, pulse(0.0014), slots=2, growth=growth) for growth in (0.0, 1.5))
    members = [trial(seconds=20.0)]
    # It goes on beside the judging, which takes part of one of two cores.
    assert with_it(members) - without(members) + 0.5 * with_it.judging(members) >= 30.0
    assert with_it.refit(members * 3) > with_it.refit(members)
    assert without.refit(members) == 0.0


def test_never_the_whole_budget() -> None:
    reserve = Reserve(10.0, pulse(1.0), growth=1.5, needed=True)
    assert reserve([trial(seconds=1000.0, size=10**9, predict=100.0)]) < 10.0


def test_the_leaders_last_fit_is_kept_where_those_of_all_are_not() -> None:
    short = Reserve(10.0, pulse(0.0014), slots=2, growth=1.25)
    kept = short([trial(2.0)])
    assert kept - short.before_refit([trial(2.0)]) > 0.75 * short.refit([trial(2.0)]) - 0.5 * short.judging([])
    assert kept <= short.before_refit([trial(2.0)]) + 0.4 * 10.0 + 0.3


def test_enough_folds_need_no_last_fit() -> None:
    reserve = Reserve(600.0, pulse(0.0014), slots=2, growth=1.25, enough_folds=4)
    whole = [trial(seconds=20.0)]
    few = [trial(seconds=20.0).first_folds(2)]
    assert reserve.refit(whole) == 0.0
    assert reserve.refit(few) == 25.0
    assert reserve(few) > reserve(whole) + 20.0


def test_two_last_fits_are_kept_where_folds_are_not_averaged_and_the_sealed_rows_are_learned() -> None:
    once, twice = (
        Reserve(600.0, pulse(0.0014), slots=2, growth=1.25, needed=True, sealed=sealed) for sealed in (False, True)
    )
    members = [trial(seconds=20.0)]
    assert once.after_needed(members, members) == 0.0
    assert twice.after_needed(members, members) > 10.0
    assert abs(twice(members) - once(members) - twice.after_needed(members, members)) < 1e-6


def test_nothing_is_kept_for_trials_that_are_too_far_behind_to_join() -> None:
    def scored(name: str, loss: float, seconds: float) -> Trial:
        made = Trial(name, Recipe("constant" if name == "t000" else "lightgbm"), "", "portfolio")
        made.status = Status.FINISHED
        for fold in range(2):
            made.add(fold, JobResult(loss, loss, 10, seconds, 0.0, 0.01, 10_000, 0))
        return made

    reserve = Reserve(600.0, pulse(0.0014), slots=2, growth=1.25, enough_folds=4)
    constant, leader = scored("t000", 1.0, 0.1), scored("t001", 0.2, 1.0)
    near, far = scored("t002", 0.25, 20.0), scored("t003", 0.6, 20.0)
    assert reserve([constant, leader, far]) < reserve([constant, leader]) + 0.5
    assert reserve([constant, leader, near]) > reserve([constant, leader]) + 10.0


def test_what_is_fitted_anew_for_its_size_is_judged_and_packed_as_one_fit() -> None:
    def sized(folds: int, size: int) -> Trial:
        made = Trial("t001", Recipe("extra_trees"), "", "portfolio", status=Status.FINISHED)
        for fold in range(folds):
            made.add(fold, JobResult(0.2, 0.2, None, 1.0, 0.0, 0.5, size, 0))
        return made

    reserve = Reserve(600.0, pulse(0.0014), test_rows=100, valid_rows=100, slots=2, growth=1.25, enough_folds=4)
    one_fit, just_small = sized(1, 24_000_000), sized(5, 4_900_000)
    large = sized(5, 24_000_000)
    assert reserve.before_refit([large]) < reserve.before_refit([just_small])
    assert abs(reserve.before_refit([large]) - reserve.before_refit([one_fit])) < 0.3
    assert reserve.refit([large]) > 0.0


def test_once_members_are_expected_nothing_is_kept_for_others_but_for_what_beats_them_later() -> None:
    def scored(name: str, loss: float, seconds: float) -> Trial:
        made = Trial(name, Recipe("lightgbm"), "", "portfolio", status=Status.FINISHED)
        for fold in range(2):
            made.add(fold, JobResult(loss, loss, 10, seconds, 0.0, 0.01, 10_000, 0))
        return made

    reserve = Reserve(600.0, pulse(0.0014), slots=2, growth=1.25)
    leader, dear = scored("t001", 0.2, 1.0), scored("t002", 0.21, 30.0)
    before = reserve([leader, dear])
    reserve.expect([leader], [leader, dear])
    expected = reserve([leader, dear])
    assert expected < before - 10.0
    worse, better = scored("t003", 0.25, 30.0), scored("t004", 0.15, 30.0)
    assert reserve([leader, dear, worse]) == expected
    assert reserve([leader, dear, worse, better]) > expected + 10.0


def test_students_have_time_kept_for_them_but_never_the_searchs() -> None:
    roomy = Reserve(60.0, pulse(0.0014), students=9.0)
    assert roomy([trial()]) == roomy.after_students([trial()]) + 9.0
    tight = Reserve(10.0, pulse(1.0), growth=1.5, needed=True, students=9.0)
    slow = [trial(seconds=1000.0, size=10**9, predict=100.0)]
    assert tight.after_students(slow) <= tight(slow) < 10.0
