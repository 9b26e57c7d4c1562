"""The command line: a thin shell over `sevenfold.api`."""
