"""Sevenfold carries a machine-learning model through its whole life, in seven steps."""
