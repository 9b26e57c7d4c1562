"""Step 5: scores with intervals, slices, explanations, and checks that need a model."""
