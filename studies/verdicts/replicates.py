"""Whether replicates tell what two models are from what seeds make of them: networks trained on scikit-learn's digits.

Ten seeds of a small network are told the ten digits apart. Four seeds of the same network are told that 3 and 5 are one
kind of thing, and 4 and 9 another. Each comparison is of two of them, with three held-out seeds of either. Between
networks that were told different labels, groups should be found in both directions; between seeds of one network, none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from warnings import catch_warnings, simplefilter

import numpy as np
import numpy.typing as npt

import repdiff

DIRECTIONS = ("x_only", "y_only")
MERGED = ((3, 5), (4, 9))
LAYERS, ROUNDS = (64, 32), 60
# Seeds of x and its replicates, and of y and its replicates.
LABELS = (((0, 1, 2, 3), (0, 1, 2, 3)), ((4, 5, 6, 7), (3, 2, 1, 0)))
SEEDS = (
    ((0, 1, 2, 3), (4, 5, 6, 7)),
    ((4, 0, 2, 7), (1, 5, 6, 3)),
    ((2, 6, 1, 4), (7, 0, 3, 5)),
    ((5, 3, 7, 1), (6, 2, 4, 0)),
)


@dataclass(frozen=True)
class Digits:
    """Pictures, (n, 64), in [0, 1], and the digit of each, (n,)."""

    pixels: npt.NDArray[np.float64]
    digit: npt.NDArray[np.int64]


def digits_of(n: int | None = None) -> Digits:
    """scikit-learn's digits, all or the first n."""
    from sklearn.datasets import load_digits

    found = load_digits()
    return Digits(found.data[:n] / 16, found.target[:n])


def hidden_layer(
    digits: Digits, seed: int, *, merged: bool = False, layers: tuple[int, ...] = LAYERS, rounds: int = ROUNDS
) -> npt.NDArray[np.float32]:
    """The last hidden layer, (n, 32), of a network that saw three of four pictures with their labels."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    told = digits.digit.copy()
    for first, second in MERGED if merged else ():
        told[told == second] = first
    seen = np.arange(len(told)) % 4 != 0
    network = MLPClassifier(layers, max_iter=rounds, n_iter_no_change=rounds, random_state=seed)
    with catch_warnings():  # that it stops after so many rounds is meant
        simplefilter("ignore", ConvergenceWarning)
        network.fit(digits.pixels[seen], told[seen])
    values = digits.pixels
    for weights, shift in zip(network.coefs_[:-1], network.intercepts_[:-1], strict=True):
        values = np.maximum(values @ weights + shift, 0)
    return np.asarray(values, np.float32)


def rows_of_replicates(*, n_clusters: int = 10, n_jobs: int = 1) -> list[dict[str, Any]]:
    """One row for each direction of each comparison."""
    digits = digits_of()
    ten = {seed: hidden_layer(digits, seed) for seed in range(8)}
    merged = {seed: hidden_layer(digits, seed, merged=True) for seed in range(4)}
    rows = []
    for truth, others, pairs in (("labels merged", merged, LABELS), ("seeds only", ten, SEEDS)):
        for number, (of_x, of_y) in enumerate(pairs):
            x, y = [ten[seed] for seed in of_x], [others[seed] for seed in of_y]
            found = repdiff.compare(
                x[0], y[0], replicates_x=x[1:], replicates_y=y[1:], n_clusters=n_clusters, random_state=number,
                n_jobs=n_jobs,
            )  # fmt: skip
            rows += [{"truth": truth, "pair": number, **_figures(found, name, digits)} for name in DIRECTIONS]
    return rows


def _figures(found: repdiff.Comparison, name: str, digits: Digits) -> dict[str, Any]:
    assert found.evidence is not None
    assert found.evidence.replicates is not None
    told, direction = found.evidence.replicates.directions[name], getattr(found, name)
    groups = [one for one in direction.difference_clusters if one.evidence.found_in_replicates]
    names = {"/".join(map(str, _most_frequent(digits.digit[one.items]))) for one in groups}
    return {
        "direction": name, "against noise": found.evidence.findings[name].code, **vars(told),
        "digits": ", ".join(sorted(names)),
    }  # fmt: skip


def _most_frequent(digit: npt.NDArray[np.int64]) -> list[int]:
    """The digits that make up a fifth of a group or more."""
    counts = np.bincount(digit, minlength=10)
    return [int(one) for one in np.flatnonzero(counts >= counts.sum() / 5)]


def table_of_replicates(rows: list[dict[str, Any]]) -> str:
    """A line for each direction, as Markdown."""
    lines = [
        "| truth | pair | direction | against noise | in replicates | groups found | effect | groups of digits found |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {one['truth']} | {one['pair'] + 1} | {one['direction']} | {one['against noise']} | {one['code']} | "
        f"{one['n_found']} of {one['n_tested']} | {_effect(one)} | {one['digits'] or '-'} |"
        for one in rows
    ]
    return "\n".join(lines) + "\n"


def _effect(one: dict[str, Any]) -> str:
    return "-" if one["effect"] is None else f"{one['effect']:.2f} ± {one['standard_error']:.2f}"
