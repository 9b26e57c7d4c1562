"""One file for each check on the data alone."""
