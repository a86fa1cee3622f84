"""The sampled engine: memory and time about linear in the number of items, with a stated error.

Each row of the affinity is known from a list of some thousand candidates, drawn from near to far with known
probabilities; the derivation is in :mod:`repdiff.affinity.sampled.candidates`.
"""
