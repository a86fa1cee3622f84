"""The steps put together: compare, series, matrix, the estimator, and what comparisons share."""
