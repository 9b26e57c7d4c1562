"""What people look at: one self-contained page and a model card."""
