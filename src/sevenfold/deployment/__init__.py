"""Step 7a: the bundle, the compiled runtime and the server."""
