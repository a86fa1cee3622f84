"""The seed of what is drawn at random."""

from __future__ import annotations

from repdiff.core.errors import InputError


def check_seed(random_state: int | None) -> None:
    """Refuse a negative seed, which NumPy does not take.

    Raises
    ------
    InputError
        With the seed.
    """
    if random_state is not None and random_state < 0:
        raise InputError(f"random_state must not be negative, but is {random_state}")
