"""Keeping the columns that help."""
