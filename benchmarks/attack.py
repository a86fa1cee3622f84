"""Attack repdiff and print what held: ``python benchmarks/attack.py [part ...]``, all parts by default, in 20 minutes.

Damaged files of every format, tampered runs, jobs that are killed, and commands in odd environments. The same seed
makes the same attacks, except for the moments at which jobs are killed. The suite runs a few of each (tests/attack).

Files and runs are opened by processes that stay, so that thousands take minutes; one that crashes or takes more than
ten seconds is replaced, and that is counted. Exit code 1 if anything did not hold.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

TESTS = Path(__file__).parents[1] / "tests"
sys.path.insert(0, str(TESTS))

import mutations  # noqa: E402
import odd_environments  # noqa: E402
import opening  # noqa: E402
import tampered_runs  # noqa: E402

COLUMNS = ("attacks", "used", "refused", "traceback", "crash", "hang", "memory", "other")
KILLS_PER_JOB = 20
Outcomes = Iterator[tuple[str, str, str]]  # what was attacked, how it went, and the details


class RunUser(opening.Opener):
    """A process that uses runs."""

    def _ready(self) -> subprocess.Popen[bytes]:
        if self._child is None:
            command = [sys.executable, str(TESTS / "tampered_runs.py")]
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            assert self._child.stdout is not None
            self._child.stdout.readline()
        return self._child


def inputs(options: argparse.Namespace, folder: Path) -> Outcomes:
    """Damaged files of every format."""
    opener = opening.Opener()
    for kind in mutations.SOUND:
        per_kind = -(-options.inputs // len(mutations.SOUND))
        for case in mutations.cases(folder, [kind], per_kind, seed=options.seed):
            found = opener.open(case.path)
            case.path.unlink(missing_ok=True)
            yield kind, found.how, f"{case.path.name}: {case.made}: {found.told}"
    opener.close()


def runs(options: argparse.Namespace, folder: Path) -> Outcomes:
    """Tampered runs, series and matrices, of today and of version 0.1."""
    intact = tampered_runs.make_runs(folder / "intact")
    user = RunUser()
    for number in range(options.runs):
        kind = tampered_runs.KINDS[number % len(tampered_runs.KINDS)]
        path = folder / "tampered"
        how = tampered_runs.tampered(kind, intact, path, np.random.default_rng([options.seed, number]))
        found = user.open(path)
        shutil.rmtree(path)
        yield kind, found.how, f"number {number}: {how}: {found.told}"
    user.close()


def kills(options: argparse.Namespace, folder: Path) -> Outcomes:
    """Jobs that write runs and pages, killed at any moment."""
    run = tampered_runs.make_runs(folder / "intact")["run"]
    for first in range(0, options.kills, KILLS_PER_JOB):
        scratch = folder / f"scratch {first}"
        scratch.mkdir()
        n = min(KILLS_PER_JOB, options.kills - first)
        command = [sys.executable, str(TESTS / "killed_jobs.py"), str(run), str(scratch), str(n), str(first)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        for _ in range(n):
            yield "kills", "used" if done.returncode == 0 else "other", done.stderr[-300:]


def environments(options: argparse.Namespace, folder: Path) -> Outcomes:
    """Commands without a home, on full disks, with closed streams, few descriptors and one core."""
    work, bare = odd_environments.prepare(folder / "work"), odd_environments.bare_package(folder / "bare")
    for environment in odd_environments.many():
        wrong = odd_environments.problem(environment, work, bare=bare)
        how = (
            "hang"
            if "still running" in wrong
            else "traceback"
            if "traceback" in wrong
            else "other"
            if wrong
            else "used"
        )
        yield environment.name.rpartition(": ")[0] or "others", how, f"{environment.name}: {wrong}"


PARTS: dict[str, Callable[[argparse.Namespace, Path], Outcomes]] = {
    "inputs": inputs, "runs": runs, "kills": kills, "environments": environments
}  # fmt: skip


def main() -> int:
    """Run the requested parts; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS))
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=600)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    failed = 0
    for part in options.parts or PARTS:
        start = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="repdiff-attack-") as folder:
            outside = Path(folder) / "outside"
            outside.write_text("nobody may change this")
            table: dict[str, Counter[str]] = {}
            (Path(folder) / "inside").mkdir()
            for kind, how, details in PARTS[part](options, Path(folder) / "inside"):
                how = "used" if how == "read" else how if how in COLUMNS else "other"
                table.setdefault(kind, Counter())[how] += 1
                if how not in ("used", "refused"):
                    failed += 1
                    print(f"{kind}: {how}: {details}", file=sys.stderr, flush=True)
            left = sorted(path.name for path in Path(folder).iterdir())
            if left != ["inside", "outside"] or outside.read_text() != "nobody may change this":
                failed += 1
                print(f"{part}: something was written outside: {left}", file=sys.stderr)
        show(part, table, time.monotonic() - start)
    return int(failed > 0)


def show(part: str, table: dict[str, Counter[str]], seconds: float) -> None:
    """Print the outcomes of a part by kind, and their sum."""
    print(f"\n{part}, {seconds:.0f} s\n\n| kind | {' | '.join(COLUMNS)} |\n|---|{'---:|' * len(COLUMNS)}")
    for kind, counts in [*table.items(), ("all", sum(table.values(), Counter()))]:
        cells = (str(counts[name] if name != "attacks" else counts.total()) for name in COLUMNS)
        print(f"| {kind} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
