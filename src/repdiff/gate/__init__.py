"""A gate for upgrades: a run and a few rules -> whether one of them is broken."""
