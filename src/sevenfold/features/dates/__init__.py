"""Dates as calendar parts and elapsed times."""
