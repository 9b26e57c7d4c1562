"""Torch modules of the networks; imported only when one is taught."""
