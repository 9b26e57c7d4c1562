"""Step 4: optimise on training rows only, regularised, early-stopped, resumable."""
