"""A check of the first batch: a model must give an item the same embedding each time, whatever else is in its batch.

Otherwise a comparison would show the chance of one call, or the order of the items, as a difference of models.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from repdiff.core.errors import InputError
from repdiff.encoding.models.base import Matrix, Model, Output

# The largest difference that rounding makes, relative to the length of the vectors: some hundred units in the last
# place of what the model computes with. (TF32 keeps 10 bits of a product's factors, bfloat16 keeps 7.)
_ROUNDING = {"float64": 1e-4, "float32": 1e-4, "tfloat32": 1e-2, "float16": 2e-2, "bfloat16": 1e-1}
_FEW = 4


def check_repeatable(model: Model, samples: list[Any], output: Output, spec: str) -> None:
    """Encode a few items of the first batch again: together, twice; and one by one.

    Parameters
    ----------
    model : Model
        The model.
    samples : list
        The prepared items of the first batch.
    output : Output
        What the model made of all of them.
    spec : str
        How to call the model in messages.

    Raises
    ------
    InputError
        Where an embedding differs by more than rounding.
    """
    few = _few(samples)
    group = [samples[place] for place in few]
    first, second = model.embed(model.collate(group)), model.embed(model.collate(group))
    if (difference := _difference(first, second)) is not None:
        raise InputError(
            f"{spec}: gives another embedding each time for the same items (they differ by {difference:.1%} of their "
            "length), so it draws at random; turn that off in the model, or use another one"
        )
    for place in few:
        # Where there is one item only, the other batch has it twice.
        batch = [samples[place]] * (2 if len(samples) == 1 else 1)
        if (difference := _difference(model.embed(model.collate(batch)), output, place)) is not None:
            raise InputError(
                f"{spec}: gives an item another embedding in another batch (they differ by {difference:.1%} of their "
                "length), so the result would depend on the order of the items; encode one item at a time (--batch 1)"
            )


def _few(samples: list[Any]) -> list[int]:
    """Places of at most four items; of texts, the shortest and longest, which padding tells apart."""
    places = list(range(len(samples)))
    if all(isinstance(sample, str) for sample in samples):
        places.sort(key=lambda place: len(samples[place]))
    return places if len(places) <= _FEW else [*places[: _FEW // 2], *places[-_FEW // 2 :]]


def _difference(one: Output, other: Output, place: int | None = None) -> float | None:
    """The largest relative difference between embeddings of the same items; None where rounding explains it."""
    largest = 0.0
    for name, values in one.layers.items():
        theirs = other.layers[name]
        largest = max(largest, _distance(values, theirs if place is None else theirs[[place]]))
    limit = max(_ROUNDING.get(output.precision, 0.0) for output in (one, other)) or _ROUNDING["float32"]
    return None if largest <= limit else largest


def _distance(values: Matrix, others: Matrix) -> float:
    """The longest difference of two rows, as a share of the rows' mean length."""
    length = float(np.linalg.norm(others.astype(np.float64), axis=1).mean())
    longest = float(np.linalg.norm(values[: len(others)].astype(np.float64) - others, axis=1).max())
    return longest / length if length else longest
