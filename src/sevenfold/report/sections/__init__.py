"""One file for each part of the page; each gives None where it has nothing to show."""
