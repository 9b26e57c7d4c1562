"""Weighted sums: perceptron, least squares, ridge, lasso, logistic and Poisson regression."""
