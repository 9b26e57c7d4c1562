"""Conformal prediction: sets of classes and intervals of numbers that hold the truth as often as was asked."""
