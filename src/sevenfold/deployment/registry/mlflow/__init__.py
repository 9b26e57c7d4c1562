"""A registry that keeps its models in MLflow, where other tools find them as well."""
