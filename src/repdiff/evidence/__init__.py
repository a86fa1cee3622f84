"""What a cluster means, and whether to believe it."""
