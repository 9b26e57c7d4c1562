"""Combinations of columns, kept only where folds agree."""
