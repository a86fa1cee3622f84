"""How often a verdict is right where the truth is known: ``python studies/verdicts/run.py [PART ...]``.

Writes every draw and a table of each part into an output folder; README.md says what they hold.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from replicates import rows_of_replicates, table_of_replicates
from scenarios import SCENARIOS, Scenario, pair_of
from steady import rows_of_seed, table_of_steadiness

import repdiff
from repdiff.affinity.distances import ranked
from repdiff.evidence.findings import assess_findings

HERE = Path(__file__).parent
DIRECTIONS = ("x_only", "y_only")
SIZES = ("500x64", "1000x64", "1000x16", "1000x128", "2000x64")
PARTS = ("scenarios", "steady", "replicates")
MORE_THAN_NOISE = ("throughout", "local")


def main() -> None:
    """Run the parts that are asked for."""
    options = _options()
    options.output.mkdir(parents=True, exist_ok=True)
    if "replicates" in options.parts:
        rows = rows_of_replicates(n_clusters=options.clusters, n_jobs=options.jobs)
        pd.DataFrame(rows).to_csv(options.output / "replicates.csv", index=False)
        (options.output / "replicates.md").write_text(table_of_replicates(rows))
        print(table_of_replicates(rows))
    if "steady" in options.parts:
        run_steady(options)
    if "scenarios" in options.parts:
        run_scenarios(options)


def run_steady(options: argparse.Namespace) -> None:
    """Run all numbers of clusters for each seed, and write each seed as soon as it is there."""
    rows: list[dict[str, Any]] = []
    for seed in range(options.first_seed, options.first_seed + options.draws):
        rows += rows_of_seed(seed, n_jobs=options.jobs)
        pd.DataFrame(rows).to_csv(options.output / "steady.csv", index=False)
    table = table_of_steadiness(pd.DataFrame(rows))
    (options.output / "steady.md").write_text(table)
    print(table)


def run_scenarios(options: argparse.Namespace) -> None:
    """Run all draws of the scenarios, and write each as soon as it is there; those of an earlier run stand."""
    path = options.output / "draws.csv"
    done = _done(path)
    start = time.perf_counter()
    for seed in range(options.first_seed, options.first_seed + options.draws):
        for size in options.sizes:
            n, d = map(int, size.split("x"))
            for scenario in SCENARIOS:
                if scenario.name in options.only and (scenario.name, n, d, seed) not in done:
                    rows = rows_of(scenario, n, d, seed, n_clusters=options.clusters, n_jobs=options.jobs)
                    pd.DataFrame(rows).to_csv(path, mode="a", header=not path.exists(), index=False)
        print(f"seed {seed}; {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
        (options.output / "results.md").write_text(table_of(pd.read_csv(path)))
    print(table_of(pd.read_csv(path)))


def _done(path: Path) -> set[tuple[str, int, int, int]]:
    """Scenario, items, columns and seed of the draws that are there."""
    if not path.exists():
        return set()
    found = pd.read_csv(path)
    return {tuple(one) for one in found[["scenario", "n", "d", "seed"]].itertuples(index=False)}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Verdicts on pairs of representations whose difference is known.")
    parser.add_argument("parts", nargs="*", default=PARTS, help=f"what to run: {', '.join(PARTS)} (default: all)")
    parser.add_argument("--draws", type=int, default=12, help="of each scenario and size (default: 12)")
    parser.add_argument("--first-seed", type=int, default=0, help="of the draws (default: 0)")
    names = [one.name for one in SCENARIOS]
    parser.add_argument("--only", nargs="+", default=names, metavar="SCENARIO", help="these scenarios (default: all)")
    parser.add_argument("--sizes", nargs="+", default=SIZES, help=f"items x columns (default: {' '.join(SIZES)})")
    parser.add_argument("--clusters", type=int, default=10, help="clusters in each direction (default: 10)")
    parser.add_argument("--jobs", type=int, default=1, help="threads; the figures do not depend on it (default: 1)")
    parser.add_argument("--output", type=Path, default=HERE / "results", help="folder for the tables")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"there is no part {min(unknown)!r}; parts are {', '.join(PARTS)}")
    if unknown := set(options.only) - set(names):
        parser.error(f"there is no scenario {min(unknown)!r}; scenarios are {', '.join(names)}")
    return options


def rows_of(scenario: Scenario, n: int, d: int, seed: int, *, n_clusters: int, n_jobs: int = 1) -> list[dict[str, Any]]:
    """One row for each direction of one draw."""
    x, y = (np.asarray(side, np.float32) for side in pair_of(scenario, n, d, seed))
    found = repdiff.compare(x, y, n_clusters=n_clusters, evidence=False, random_state=seed, n_jobs=n_jobs)
    directions = {"x_only": found.x_only, "y_only": found.y_only}
    sides = [ranked(side, metric="euclidean") for side in (x, y)]
    start = time.process_time()
    findings = assess_findings(*sides, directions, n_jobs=n_jobs, random_state=seed)
    seconds = time.process_time() - start
    return [
        {
            "scenario": scenario.name, "truth": scenario.truth, "n": n, "d": d, "seed": seed, "direction": name,
            **vars(findings.directions[name]), "shared": findings.neighbours.all.shared, "seconds": seconds,
        }
        for name in DIRECTIONS
    ]  # fmt: skip


def table_of(frame: pd.DataFrame) -> str:
    """What was said, a line for each scenario and all sizes together, as Markdown."""
    lines = [
        "| scenario | truth | draws | x_only | y_only | more than noise (directions) | significant cluster (draws) | "
        "excess (x_only) |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, found in frame.groupby("scenario", sort=False):
        x, y = (found[found.direction == direction] for direction in DIRECTIONS)
        more = int(found.code.isin(MORE_THAN_NOISE).sum())
        groups = int((found.groupby(["n", "d", "seed"]).n_significant.sum() > 0).sum())
        excess = f"{x.excess.mean():.2f}"
        lines.append(
            f"| {name} | {found.truth.iloc[0]} | {len(x)} | {_counts(x)} | {_counts(y)} | {more} of {len(found)} | "
            f"{groups} of {len(x)} | {excess} |"
        )
    return "\n".join(lines) + "\n"


def _counts(found: pd.DataFrame) -> str:
    return ", ".join(f"{code} {count}" for code, count in found.code.value_counts().items())


if __name__ == "__main__":
    main()
