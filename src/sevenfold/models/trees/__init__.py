"""Trees, forests and boosting."""
