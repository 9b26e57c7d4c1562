"""Numbers in, numbers out: imputation, scaling, bending, binning."""
