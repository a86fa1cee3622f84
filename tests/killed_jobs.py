"""Jobs that write runs, killed at any moment: what is found afterwards is the old run or the new one, never a part.

Run as a script, since it forks: ``python killed_jobs.py RUN SCRATCH KILLS SEED`` prints how many jobs were killed
before they had ended, and fails where a run cannot be used or something is left behind in the end.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path


def killed_jobs(run: Path, scratch: Path, kills: int, seed: int) -> int:
    """How many of the jobs were killed in the middle of their work."""
    import repdiff
    from repdiff.report import write_report
    from repdiff.results.annotations import Annotations

    comparison = replace(repdiff.load(run), annotations=Annotations())  # of which a run is not overwritten
    target, page = scratch / "target", scratch / "page.html"
    jobs: list[Callable[[], object]] = [
        lambda: comparison.save(target, overwrite=True),
        lambda: write_report(target, page),
    ]
    rng = random.Random(seed)
    lasts = [_seconds(job) for job in jobs]
    in_the_middle = 0
    for number in range(kills):
        which = number % len(jobs)
        child = os.fork()
        if not child:
            jobs[which]()
            os._exit(0)
        time.sleep(rng.uniform(0, 1.1) * lasts[which])
        os.kill(child, signal.SIGKILL)
        in_the_middle += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        found = repdiff.load(target)
        assert found.projection.x.shape == comparison.projection.x.shape
        assert len(found.thumbnails.images) == len(comparison.thumbnails.images)  # type: ignore[union-attr]
        assert page.read_text(encoding="utf-8").rstrip().endswith("</html>")
    for job in jobs:
        job()
    left = sorted(path.name for path in scratch.iterdir())
    assert left == ["page.html", "target"], left
    return in_the_middle


def _seconds(job: Callable[[], object]) -> float:
    job()
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


if __name__ == "__main__":
    run, scratch, kills, seed = sys.argv[1:]
    print(killed_jobs(Path(run), Path(scratch), int(kills), int(seed)))
