"""Prediction by the nearest known rows."""
