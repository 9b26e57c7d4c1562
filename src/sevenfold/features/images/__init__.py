"""Pictures: as pixels for networks, as numbers for every other model."""
