"""Bayes' rule with independent inputs."""
