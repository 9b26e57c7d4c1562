"""Step 3: the catalogue of models, from the constant to networks."""
