"""The steps, composed: compare, series, matrix, the estimator, and what comparisons share."""
