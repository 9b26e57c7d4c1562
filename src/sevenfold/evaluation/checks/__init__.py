"""One file for each check that needs a model."""
