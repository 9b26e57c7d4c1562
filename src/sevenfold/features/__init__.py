"""Step 2: turn columns of any kind into inputs that a model accepts."""
