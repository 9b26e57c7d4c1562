"""Versions of models, which of them is in use, and who decided that, in a folder."""
