"""Yardsticks: what any real model must beat."""
