"""How many clusters ``n_clusters="auto"`` takes where the truth is known: ``python studies/verdicts/how_many.py``.

Prints a table, a line for each scenario; README.md says what it shows.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import numpy as np
from scenarios import SCENARIOS, Pair, Scenario, pair_of, planted

from repdiff.affinity.distances import ranked
from repdiff.evidence.holding import choose_holding_numbers
from repdiff.results.choice import ChosenNumber

DIRECTIONS = ("x_only", "y_only")
SHARE = 0.04  # of the items in each planted group
KNOWN = {"independent kinds": "10 and 10", "kinds merged": "not known, and 5"}
OF_NOISE = (
    "isotropic noise",
    "noise with a spectrum",
    "one region 3x noisier",
    "noise on one side",
    "noise and other noise",
)


@dataclass(frozen=True)
class Case:
    """What is drawn, and how many clusters would be right in x_only and y_only."""

    name: str
    truth: str
    make: Callable[[int, int, int], Pair]


def cases() -> list[Case]:
    """Planted groups, kinds, and noise."""
    found = [
        Case(f"{groups} planted groups of 4 %", f"{groups + 1} with the rest; y_only not known", _planted(groups))
        for groups in (2, 5, 10)
    ]
    named = {one.name: one for one in SCENARIOS}
    found += [Case(name, truth, _of(named[name])) for name, truth in KNOWN.items()]
    return found + [Case(name, "none holds", _of(named[name])) for name in OF_NOISE]


def _planted(groups: int) -> Callable[[int, int, int], Pair]:
    return lambda n, d, seed: planted(groups, SHARE)(n, d, np.random.default_rng([seed, n, d, groups]))


def _of(scenario: Scenario) -> Callable[[int, int, int], Pair]:
    return lambda n, d, seed: pair_of(scenario, n, d, seed)


def main() -> None:
    """Draw all cases and print the table."""
    parser = argparse.ArgumentParser(description="The number of clusters chosen where the truth is known.")
    parser.add_argument("--draws", type=int, default=8, help="of each case (default: 8)")
    parser.add_argument("--size", default="2000x64", help="items x columns (default: 2000x64)")
    parser.add_argument("--jobs", type=int, default=1, help="threads; the figures do not depend on it (default: 1)")
    options = parser.parse_args()
    n, d = map(int, options.size.split("x"))
    print("| pair | right | x_only | y_only |\n| --- | --- | --- | --- |", flush=True)
    for case in cases():
        chosen = [_chosen(case.make(n, d, seed), seed, options.jobs) for seed in range(options.draws)]
        cells = [_cell([of[name] for of in chosen]) for name in ("x_only", "y_only")]
        print(f"| {case.name} | {case.truth} | {' | '.join(cells)} |", flush=True)


def _chosen(pair: Pair, seed: int, n_jobs: int) -> dict[str, ChosenNumber]:
    x, y = (ranked(np.asarray(side, np.float32), metric="euclidean") for side in pair)
    return dict(choose_holding_numbers(x, y, n_jobs=n_jobs, random_state=seed))


def _cell(found: list[ChosenNumber]) -> str:
    """The numbers of the draws, sorted, and the share of items in groups that hold; or that none holds."""
    holding = [one for one in found if one.code == "holds"]
    if not holding:
        return f"none holds ({len(found)} of {len(found)})"
    share = median(one.chosen.share_holding for one in holding)
    none = f"; none holds {len(found) - len(holding)}" if len(holding) < len(found) else ""
    return f"{', '.join(str(one.n) for one in sorted(holding, key=lambda one: one.n))} ({share:.0%}){none}"


if __name__ == "__main__":
    main()
