import numpy as np
import pytest

from sevenfold.core.arrays import Floats
from sevenfold.tuning.calibrate import TemperatureCalibrator, calibrate, log_loss, sharpened


def made(rows: int, distort: float, classes: int, seed: int = 0) -> tuple[Floats, np.ndarray]:
    generator = np.random.default_rng(seed)
    logits = generator.normal(size=(rows, classes)) * 1.5
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    codes = np.array([generator.choice(classes, p=share) for share in shares])
    bent = np.exp(logits * distort)
    return bent / bent.sum(axis=1, keepdims=True), codes


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("distort", [0.4, 2.5])
def test_distorted_probabilities_are_mended(classes: int, distort: float) -> None:
    shown, codes = made(3000, distort, classes)
    calibrator, why = calibrate(shown, codes, None, np.random.default_rng(1))
    assert calibrator is not None, why
    assert isinstance(calibrator, TemperatureCalibrator)
    assert calibrator.slope == pytest.approx(1 / distort, rel=0.15)
    assert log_loss(calibrator.apply(shown), codes, None).mean() < log_loss(shown, codes, None).mean()
    np.testing.assert_allclose(calibrator.apply(shown).sum(axis=1), 1.0)


@pytest.mark.parametrize("seed", range(5))
def test_honest_probabilities_are_left_alone(seed: int) -> None:
    shown, codes = made(2000, 1.0, 2, seed)
    calibrator, _ = calibrate(shown, codes, None, np.random.default_rng(seed))
    assert calibrator is None


def test_the_order_of_rows_is_kept_for_two_classes() -> None:
    shown, codes = made(500, 3.0, 2)
    calibrator = TemperatureCalibrator()
    calibrator.fit(shown, codes, None)
    np.testing.assert_array_equal(np.argsort(calibrator.apply(shown)[:, 1]), np.argsort(shown[:, 1]))


def test_certain_probabilities_stay_finite() -> None:
    calibrator = TemperatureCalibrator()
    calibrator.slope, calibrator.shift = 5.0, 1.0
    given = np.array([[0.0, 1.0], [1.0, 0.0]])
    assert np.isfinite(calibrator.apply(given)).all()


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("distort", [0.4, 2.5])
def test_sharpened_are_as_good_as_undistorted(classes: int, distort: float) -> None:
    shown, codes = made(3000, distort, classes)
    right, _ = made(3000, 1.0, classes)
    found = sharpened(shown, codes)
    assert np.allclose(found.sum(axis=1), 1.0)
    assert (found.argmax(axis=1) == shown.argmax(axis=1)).all()
    assert log_loss(found, codes, None).mean() < log_loss(right, codes, None).mean() + 0.01
