"""Categories as codes, columns of zeros and ones, or numbers learned from the target."""
