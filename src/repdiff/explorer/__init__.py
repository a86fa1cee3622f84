"""A run -> a local page with a server behind it: search, neighbours on both sides, names that stay with the run."""
