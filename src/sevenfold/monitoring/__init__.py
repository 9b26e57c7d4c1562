"""Step 7b: logs of predictions, drift and performance."""
