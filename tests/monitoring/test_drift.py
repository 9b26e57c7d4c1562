"""How often drift is told where there is none, and how surely it is found where there is some."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sevenfold.monitoring.drift import ALPHA, LEAST_EFFECT, drift
from sevenfold.monitoring.homogeneity import adjusted, displacement, homogeneity

EDGES = stats.norm.ppf(np.linspace(0, 1, 21)[1:-1])
COLUMNS = 20


def chances(shift):
    """Chances of the 20 bins, for a normal column shifted by so many standard deviations."""
    return np.diff(np.concatenate([[0.0], stats.norm.cdf(EDGES - shift), [1.0]]))


def drifted(p_values, effects):
    """The rule of `drift`, for many windows at a time: (windows, columns) each."""
    corrected = np.stack([adjusted(row) for row in p_values])
    return (corrected <= ALPHA) & (effects >= LEAST_EFFECT)


@pytest.mark.parametrize("rows", [100, 200, 1000, 5000])
@pytest.mark.parametrize("reference_rows", [500, 5000, 100_000])
def test_false_alarms_over_1000_clean_windows_are_at_most_what_is_stated(rows, reference_rows):
    stream = np.random.default_rng(rows + reference_rows)
    windows = 1000
    p_values = np.empty((windows, COLUMNS))
    effects = np.empty((windows, COLUMNS))
    for column in range(COLUMNS):
        counts = stream.multinomial(rows, chances(0), size=windows)
        # Every 50 windows stand for another training: a reference that is unlucky spoils only those.
        for start in range(0, windows, 50):
            part = slice(start, start + 50)
            reference = stream.multinomial(reference_rows, chances(0))
            p_values[part, column], effects[part, column] = homogeneity(reference, counts[part])
    rate = drifted(p_values, effects).any(axis=1).mean()
    assert rate <= ALPHA + 3 * np.sqrt(ALPHA * (1 - ALPHA) / windows)


def test_a_quarter_sigma_shift_is_found_with_5000_rows():
    stream = np.random.default_rng(1)
    reference = stream.multinomial(100_000, chances(0))
    shifted = homogeneity(reference, stream.multinomial(5000, chances(0.25), size=1000))
    clean = [homogeneity(reference, stream.multinomial(5000, chances(0), size=1000)) for _ in range(COLUMNS - 1)]
    p_values = np.stack([shifted[0], *(p for p, _ in clean)], axis=1)
    effects = np.stack([shifted[1], *(e for _, e in clean)], axis=1)
    found = drifted(p_values, effects)
    assert found[:, 0].mean() >= 0.999
    assert found[:, 1:].any(axis=1).mean() <= 2 * ALPHA


def test_the_effect_is_about_half_the_shift_whatever_the_window():
    stream = np.random.default_rng(2)
    reference = stream.multinomial(100_000, chances(0))
    for rows in (1000, 5000, 100_000):
        _, effects = homogeneity(reference, stream.multinomial(rows, chances(0.25), size=300))
        assert effects.mean() == pytest.approx(0.122, abs=0.005)
        _, effects = homogeneity(reference, stream.multinomial(rows, chances(0), size=300))
        assert effects.mean() < 0.03


def test_a_large_window_with_a_tiny_shift_is_significant_but_does_not_matter():
    stream = np.random.default_rng(3)
    reference = stream.multinomial(1_000_000, chances(0))
    counts = stream.multinomial(1_000_000, chances(0.03))
    (found,) = drift({"a": reference}, {"a": counts}, {"a": tuple(map(str, range(20)))})
    assert found.p_value < 1e-6
    assert not found.drifted


def test_an_unseen_category_is_found():
    reference = np.array([0, 6000, 3000, 1000, 0])
    counts = np.array([0, 570, 280, 95, 55])
    (found,) = drift({"city": reference}, {"city": counts}, {"city": ("missing", "a", "b", "(rest)", "(unseen)")})
    assert found.drifted
    assert "(unseen)" in found.cell


def test_few_rows_are_never_drift():
    reference = np.array([1000, 0])
    (found,) = drift({"a": reference}, {"a": np.array([0, 50])}, {"a": ("x", "y")})
    assert found.effect > 0.9
    assert not found.drifted


def test_no_rows_or_one_cell_are_no_difference():
    for reference, counts in (([5, 5], [0, 0]), ([0, 0], [5, 5]), ([9, 0], [200, 0])):
        (found,) = drift({"a": np.array(reference)}, {"a": np.array(counts)}, {"a": ("x", "y")})
        assert (found.effect, found.p_value, found.drifted) == (0.0, 1.0, False)


def test_columns_are_compared_where_both_have_them_and_sorted_by_effect():
    same, other = np.array([500, 500]), np.array([900, 100])
    names = dict.fromkeys("abc", ("x", "y"))
    found = drift({"a": same, "b": same, "c": same}, {"a": same, "b": other}, names)
    assert [f.column for f in found] == ["b", "a"]
    assert {"column", "effect", "p_value", "drifted"} <= set(found[0].to_json())


def test_the_g_test_agrees_with_scipy_where_no_cells_are_merged():
    reference, counts = np.array([300, 400, 300]), np.array([35, 30, 45])
    p_values, _ = homogeneity(reference, counts[None, :])
    expected = stats.chi2_contingency(np.stack([reference, counts]), lambda_="log-likelihood").pvalue
    assert p_values[0] == pytest.approx(expected, rel=0.05)  # Williams' correction is the difference


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_adjusted_p_values_are_those_of_scipy(p_values):
    given_values = np.array(p_values)
    np.testing.assert_allclose(adjusted(given_values), stats.false_discovery_control(given_values), atol=1e-12)


@given(
    st.lists(st.integers(0, 10**6), min_size=2, max_size=12).flatmap(
        lambda a: st.tuples(st.just(a), st.lists(st.integers(0, 10**6), min_size=len(a), max_size=len(a)))
    )
)
@settings(max_examples=200)
def test_any_counts_give_a_p_value_and_an_effect(pair):
    p_values, effects = homogeneity(np.array(pair[0]), np.array([pair[1]]))
    assert 0 <= p_values[0] <= 1
    assert 0 <= effects[0] <= 1


def ranked(counts):
    """Each row's score of place and spread, as `displacement` gives them to its cell."""
    both = counts.sum(axis=0)
    place = (np.cumsum(both) - both / 2) / both.sum() - 0.5
    return [np.repeat(np.stack([place, place**2], axis=1), row, axis=0) for row in counts]


def test_displacement_is_the_permutation_test_of_ranks_and_squared_ranks():
    reference, counts = np.array([7, 30, 40, 30, 20]), np.array([1, 5, 12, 14, 14])
    first, live = ranked(np.stack([reference[1:], counts[1:]]))
    both = np.concatenate([first, live])
    off = live.mean(axis=0) - both.mean(axis=0)
    spread = np.cov(both.T) * (1 / len(live) - 1 / len(both))
    expected = stats.chi2(2).sf(off @ np.linalg.inv(spread) @ off)
    assert displacement(reference, counts[None, :])[0] == pytest.approx(expected, rel=1e-9)


def test_displacement_keeps_its_level_and_sees_small_shifts():
    stream = np.random.default_rng(4)
    first = np.concatenate([[500], stream.multinomial(10_000, chances(0))])

    def of(shift):
        live = stream.multinomial(500, chances(shift), size=4000)
        return displacement(first, np.concatenate([np.full((4000, 1), 25), live], axis=1))

    assert (of(0) <= 0.01).mean() == pytest.approx(0.01, abs=0.006)
    assert (of(0.25) <= 1e-4).mean() > 0.9


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1, max_size=12))
def test_any_ordered_counts_give_a_p_value(pairs):
    p_values = displacement(np.array([a for a, _ in pairs]), np.array([[b for _, b in pairs]]))
    assert 0 <= p_values[0] <= 1


def test_one_value_out_of_range_is_no_drift_and_many_are():
    """Live rows lie a little out of the training rows' range by chance alone."""
    reference = np.array([0, 0, *[1000] * 20, 0])
    one, many = np.array([0, 1, *[5] * 20, 0]), np.array([0, 12, *[5] * 20, 0])
    p_values, _ = homogeneity(reference, np.stack([one, many]))
    assert p_values[0] > 0.005
    assert p_values[1] < 1e-9


def test_rare_cells_keep_their_level():
    stream = np.random.default_rng(5)
    rare = np.array([0.9969, 0.001, 0.001, 0.001, 0.0001])
    reference = stream.multinomial(20_000, rare)
    p_values, _ = homogeneity(reference, stream.multinomial(200, rare, size=20_000))
    assert (p_values <= 0.01).mean() < 0.013
    assert (p_values <= 0.001).mean() < 0.002
