"""An affinity -> labels, ordered clusters and the items to show of each."""
