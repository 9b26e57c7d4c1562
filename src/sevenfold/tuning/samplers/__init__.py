"""One file for each way to propose hyperparameters. All are stateless: what was told decides what is asked."""
