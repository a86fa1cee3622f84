"""How this package's method and others do where the difference is known: ``python studies/known_differences/run.py``.

Writes tables and a figure into an output folder; README.md says what they hold.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from known import KnownPair

HERE = Path(__file__).parent
FAMILIES = ("merged labels", "left-right", "upside-down", "planted")
N_GROUPS, COLLAGE = 10, 9


def main() -> None:
    """Run all seeds of all families, as many side by side as there are cores, and write what came out."""
    options = _options()
    start = time.perf_counter()
    tasks = [(family, seed) for seed in range(options.seeds) for family in options.families]
    # One thread each: small products gain nothing from more, and results are the same bits on any number of cores.
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    rows: list[dict[str, Any]] = []
    with ProcessPoolExecutor(options.jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        for done, ((family, seed), found) in enumerate(
            zip(tasks, pool.map(measure, *zip(*tasks, strict=True)), strict=True), 1
        ):
            rows += found
            seconds = time.perf_counter() - start
            print(f"{done} of {len(tasks)}: {family}, seed {seed}; {seconds:.0f} s", file=sys.stderr, flush=True)
    from tables import write_results

    print(write_results(rows, options.output, seconds=time.perf_counter() - start))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Methods on pairs of representations whose difference is known.")
    parser.add_argument("--seeds", type=int, default=5, help="how many (default: 5)")
    parser.add_argument("--jobs", type=int, default=max(1, os.cpu_count() or 1), help="processes (default: all cores)")
    parser.add_argument("--families", nargs="+", choices=FAMILIES, default=FAMILIES, help="which (default: all)")
    parser.add_argument("--output", type=Path, default=HERE / "results", help="folder for tables and figure")
    return parser.parse_args()


def measure(family: str, seed: int) -> list[dict[str, Any]]:
    """One row for each pair, method and direction of a family."""
    return [row for pair in pairs_of(family, seed) for row in rows_of(pair, family, seed)]


def pairs_of(family: str, seed: int) -> Iterator[KnownPair]:
    """The pairs of a family."""
    if family == "planted":
        from planted import planted_pairs

        return planted_pairs(seed)
    import torch
    from pairs import flipped_digits, merged_labels

    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    return merged_labels(seed) if family == "merged labels" else flipped_digits(seed, family)


def rows_of(pair: KnownPair, family: str, seed: int, **options: Any) -> Iterator[dict[str, Any]]:
    """One row for each method and direction; the options are those of :func:`repdiff.evaluate`."""
    from recovery import recovery

    import repdiff

    found = repdiff.evaluate(pair.x, pair.y, n_groups=N_GROUPS, size=COLLAGE, random_state=seed, **options)
    frame = found.to_frame().drop(columns="source")
    for row, score in zip(frame.to_dict("records"), found.scores, strict=True):
        known = pair.known.get(score.direction)
        recovered = recovery(score.groups, known) if known else {}
        accuracy = {f"accuracy_{side}": value for side, value in pair.accuracy.items()}
        yield {"family": family, "pair": pair.name, "seed": seed, **row, **recovered, **accuracy}


if __name__ == "__main__":
    main()
