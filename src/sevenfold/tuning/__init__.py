"""Step 6: search, ensembles, calibration and thresholds."""
