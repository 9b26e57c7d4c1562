"""Users and items as codes."""
