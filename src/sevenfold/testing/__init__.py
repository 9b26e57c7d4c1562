"""Contract checks that we ship, for our own items and for those of others."""
