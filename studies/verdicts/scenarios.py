"""Pairs of representations of which the truth is known: x and y, (n, d), from a name, sizes and a seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.float64]
Pair: TypeAlias = tuple[Array, Array]
Truth = Literal["noise", "local", "throughout", "directions or more", "curved"]


@dataclass(frozen=True)
class Scenario:
    """A way to make pairs, and what is true of them.

    Attributes
    ----------
    name : str
        For tables.
    truth : str
        What a right answer says of x_only; of both directions where it is "noise" or "curved".
    make : callable
        Number of items, of columns, and a generator -> x and y.
    """

    name: str
    truth: Truth
    make: Callable[[int, int, np.random.Generator], Pair]


def mixture(n: int, d: int, rng: np.random.Generator, kinds: int = 60) -> tuple[Array, npt.NDArray[np.int64]]:
    """Items of many overlapping kinds with a falling spectrum, in a random orientation; and the kind of each."""
    kind = rng.choice(kinds, n, p=rng.dirichlet(np.full(kinds, 2.0)))
    centres, widths = rng.normal(size=(kinds, d)), rng.uniform(0.5, 1.5, kinds)
    items = (rng.normal(size=(n, d)) * widths[kind][:, None] + centres[kind]) * np.arange(1, d + 1) ** -0.6
    return items @ np.linalg.qr(rng.normal(size=(d, d)))[0], kind


def isotropic(n: int, d: int, rng: np.random.Generator) -> Pair:
    """The same items, with independent noise on both sides."""
    items, _ = mixture(n, d, rng)
    return _noisy(items, 0.6, rng), _noisy(items, 0.6, rng)


def with_spectrum(n: int, d: int, rng: np.random.Generator) -> Pair:
    """Noise that is larger along some directions, other ones on either side."""
    items, _ = mixture(n, d, rng)
    return _spectral_noise(items, rng), _spectral_noise(items, rng)


def noisier_region(n: int, d: int, rng: np.random.Generator) -> Pair:
    """Two kinds of twelve with noise three times as large."""
    items, kind = mixture(n, d, rng, kinds=12)
    amount = 0.4 * items.std() * np.where(np.isin(kind, [0, 1]), 3.0, 1.0)[:, None]
    return items + amount * rng.normal(size=items.shape), items + amount * rng.normal(size=items.shape)


def tight_groups(n: int, d: int, rng: np.random.Generator) -> Pair:
    """Ten groups that both know, and within them nothing but noise."""
    items = (rng.normal(size=(10, d)) * 3)[rng.integers(10, size=n)]
    return items + rng.normal(size=items.shape), items + rng.normal(size=items.shape)


def one_sided(n: int, d: int, rng: np.random.Generator) -> Pair:
    """Noise in y only."""
    items, _ = mixture(n, d, rng)
    return items, _noisy(items, 0.6, rng)


def unrelated(n: int, d: int, rng: np.random.Generator) -> Pair:
    """Noise and other noise."""
    return rng.normal(size=(n, d)), rng.normal(size=(n, d))


def planted(groups: int, share: float) -> Callable[[int, int, np.random.Generator], Pair]:
    """Groups that x gathers and y leaves where their members belong; noise everywhere."""

    def make(n: int, d: int, rng: np.random.Generator) -> Pair:
        items, _ = mixture(n, d, rng)
        x, size, order = items.copy(), int(share * n), rng.permutation(n)
        for group in range(groups):
            rows = order[group * size : (group + 1) * size]
            x[rows] = items[rng.integers(n)] + 0.3 * items.std() * rng.normal(size=(size, d))
        noise = 0.3 * items.std()
        return x + noise * rng.normal(size=x.shape), items + noise * rng.normal(size=x.shape)

    return make


def independent_kinds(kinds: int, distance: float) -> Callable[[int, int, np.random.Generator], Pair]:
    """Each side has kinds of its own."""

    def make(n: int, d: int, rng: np.random.Generator) -> Pair:
        def side() -> Array:
            centres = rng.normal(size=(kinds, d)) * distance
            return centres[rng.integers(kinds, size=n)] + rng.normal(size=(n, d))

        return side(), side()

    return make


def merged_kinds(n: int, d: int, rng: np.random.Generator) -> Pair:
    """Ten kinds in x, which y knows as five; the same variation within them, and some noise."""
    kind, centres, within = rng.integers(10, size=n), rng.normal(size=(10, d)) * 1.5, rng.normal(size=(n, d))
    x, y = centres[kind] + within, centres[kind // 2] + within
    return x + 0.5 * rng.normal(size=x.shape), y + 0.5 * rng.normal(size=y.shape)


def private_factor(n: int, d: int, rng: np.random.Generator) -> Pair:
    """Each side has three directions of its own, as large as all that is shared."""
    items, _ = mixture(n, d, rng)
    size = np.sqrt(items.var(axis=0).sum() / 3)

    def side() -> Array:
        axes = np.linalg.qr(rng.normal(size=(d, 3)))[0].T
        return _noisy(items + size * rng.normal(size=(n, 3)) @ axes, 0.3, rng)

    return side(), side()


def curved_views(n: int, d: int, rng: np.random.Generator) -> Pair:
    """The same twelve kinds through two random networks of two layers."""
    items, _ = mixture(n, 16, rng, kinds=12)
    items /= items.std()

    def side() -> Array:
        hidden = np.maximum(items @ rng.normal(size=(16, d)) / 4, 0)
        out = np.maximum(hidden @ rng.normal(size=(d, d)) / np.sqrt(d), 0)
        return out + 0.3 * out.std() * rng.normal(size=out.shape)

    return side(), side()


def dropped_directions(n: int, d: int, rng: np.random.Generator) -> Pair:
    """Ten kinds of x; y drops the five directions that tell those of a pair apart, and is a linear map of x."""
    kind, centres = rng.integers(10, size=n), rng.normal(size=(10, d)) * 1.5
    x = centres[kind] + rng.normal(size=(n, d))
    apart = np.linalg.qr((centres[::2] - centres[1::2]).T)[0]
    return x, x - x @ apart @ apart.T


def two_of_twenty_merged(n: int, d: int, rng: np.random.Generator) -> Pair:
    """Twenty kinds; y moves two of them onto each other, and both sides have some noise."""
    kind, centres = rng.integers(20, size=n), rng.normal(size=(20, d)) * 1.5
    x = centres[kind] + rng.normal(size=(n, d))
    y = x + np.where(kind == 0, 1, 0)[:, None] * (centres[1] - centres[0])
    return _noisy(x, 0.3, rng), _noisy(y, 0.3, rng)


def two_seeds(n: int, d: int, rng: np.random.Generator) -> Pair:
    """The last hidden layer, of d units, of a network over digits and of the same one trained from another seed."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    rows = rng.permutation(len(digits.target))[:n]
    pixels, target = digits.data[rows] / 16, digits.target[rows]
    x, y = (_hidden_layer(pixels, target, d, int(seed)) for seed in rng.integers(2**31, size=2))
    return x, y


def _hidden_layer(pixels: Array, target: npt.NDArray[np.int64], width: int, seed: int) -> Array:
    from warnings import catch_warnings, simplefilter

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    network = MLPClassifier((64, width), learning_rate_init=2e-3, max_iter=60, n_iter_no_change=60, random_state=seed)
    seen = np.arange(len(target)) % 4 != 0
    with catch_warnings():
        simplefilter("ignore", ConvergenceWarning)  # that it stops after so many rounds is meant
        network.fit(pixels[seen], target[seen])
    hidden = pixels
    for weights, bias in zip(network.coefs_[:-1], network.intercepts_[:-1], strict=True):
        hidden = np.maximum(hidden @ weights + bias, 0)
    return np.asarray(hidden)


def _noisy(items: Array, amount: float, rng: np.random.Generator) -> Array:
    return np.asarray(items + amount * items.std() * rng.normal(size=items.shape))


def _spectral_noise(items: Array, rng: np.random.Generator) -> Array:
    d = items.shape[1]
    noise = (rng.normal(size=items.shape) * np.arange(1, d + 1) ** -0.6) @ np.linalg.qr(rng.normal(size=(d, d)))[0]
    return np.asarray(items + items.std() * noise / noise.std())


SCENARIOS = (
    Scenario("isotropic noise", "noise", isotropic),
    Scenario("noise with a spectrum", "noise", with_spectrum),
    Scenario("one region 3x noisier", "noise", noisier_region),
    Scenario("ten tight shared groups", "noise", tight_groups),
    Scenario("noise on one side", "noise", one_sided),
    Scenario("noise and other noise", "noise", unrelated),
    Scenario("two groups of 4 %", "local", planted(2, 0.04)),
    Scenario("one group of 3 %", "local", planted(1, 0.03)),
    Scenario("independent kinds", "throughout", independent_kinds(10, 1.5)),
    Scenario("kinds merged", "throughout", merged_kinds),
    Scenario("private factor", "directions or more", private_factor),
    Scenario("sixty faint kinds", "directions or more", independent_kinds(60, 1.0)),
    Scenario("curved views of the same", "curved", curved_views),
    Scenario("dropped directions", "throughout", dropped_directions),
    Scenario("two kinds of twenty merged", "local", two_of_twenty_merged),
    Scenario("two seeds of a network", "noise", two_seeds),
)


def pair_of(scenario: Scenario, n: int, d: int, seed: int) -> Pair:
    """Both sides of a scenario, always the same for the same arguments."""
    place = [one.name for one in SCENARIOS].index(scenario.name)
    return scenario.make(n, d, np.random.default_rng([seed, n, d, place]))
