"""Step 1: collect, read, type, clean, profile and audit data."""
