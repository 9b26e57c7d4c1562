"""Recommenders: who might like what."""
