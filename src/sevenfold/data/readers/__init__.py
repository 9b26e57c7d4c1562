"""One file for each way that data arrive."""
