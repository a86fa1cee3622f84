"""Commands in environments as containers, full disks and careless shells make them, and what may come of it.

A command may succeed, and then what it was to write is there and whole; or it ends with another exit code and one line,
and then nothing is there. Nothing else is left behind.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import repdiff

LONGEST_SECONDS = 90  # compiling all kernels where nothing can be kept takes half a minute
_LINE = "repdiff: error: "
_ODD_NAME = os.fsdecode(b"odd \xff name")


@dataclass(frozen=True)
class Environment:
    """A command line of bash in an environment.

    Attributes
    ----------
    name : str
        For the table.
    shell : str
        ``$R`` is repdiff; the working folder holds x.npy, y.npy and a run called ``made``.
    writes : str
        What it writes: a run, a file, or nothing where empty.
    codes : tuple of int
        Exit codes that are right.
    says : str
        What the one line must say where it fails.
    written_anyway : bool
        Whether a failure still leaves what was written, since only the summary did not arrive.
    """

    name: str
    shell: str
    writes: str = "run"
    codes: tuple[int, ...] = (0,)
    says: str = ""
    written_anyway: bool = False


_COMPARE = "$R compare x.npy y.npy -o run --no-evidence"
_FULL, _CLOSED = "No space left", "standard output is closed"
QUICK = (
    Environment("output closed", f"{_COMPARE} >&-", codes=(2,), says=_CLOSED),
    Environment("output full", "$R report made -o page.html >/dev/full", "page.html", (2,), _FULL, written_anyway=True),
    Environment("export to a full disk", "$R export made >/dev/full", "", (2,), _FULL),
    Environment("reader gone", "set -o pipefail; $R export made | true", "", (0, 141)),
    Environment("error output closed", "$R export made -o out.csv 2>&-", "out.csv"),
    Environment("all closed", "$R export made -o out.csv <&- >&- 2>&-", "out.csv", (2,)),
    Environment("ASCII", "LC_ALL=C PYTHONIOENCODING=ascii PYTHONUTF8=0 $R report made -o \u00e9.html", "\u00e9.html"),
    Environment("no home, no temporary folder", "env -u HOME TMPDIR=/nowhere $R export made -o out.csv", "out.csv"),
    Environment("files of 8 kB at most", "ulimit -f 8; $R report made -o page.html", "page.html", (2,), "too large"),
    Environment("name that is not UTF-8", "$R export made -o $'odd \\xff name'", _ODD_NAME),
    Environment("nothing compiled", f"NUMBA_DISABLE_JIT=1 {_COMPARE}", codes=(2,), says="NUMBA_DISABLE_JIT"),
)  # fmt: skip
_JOBS = (
    ("compare", _COMPARE, "run"),
    ("report", "$R report made -o page.html", "page.html"),
    ("export", "$R export made --to parquet -o out.parquet", "out.parquet"),
    ("check", "$R check made --junit out.xml", "out.xml"),
)


def many() -> Iterator[Environment]:
    """All environments of the large attack: the quick ones, and each kind with each of several commands."""
    yield from QUICK
    for name, shell, writes in _JOBS:
        ok = (0, 1) if name == "check" else (0,)  # a broken rule is 1
        said = (0, 1, 2)
        yield Environment(f"{name}: output closed", f"{shell} >&-", writes, (2,), _CLOSED)
        yield Environment(f"{name}: output full", f"{shell} >/dev/full", writes, (2,), _FULL, written_anyway=True)
        yield Environment(f"{name}: ASCII", f"LC_ALL=C PYTHONIOENCODING=ascii PYTHONUTF8=0 {shell}", writes, ok)
        yield Environment(f"{name}: POSIX locale, JSON", f"LC_ALL=POSIX {shell}", writes, ok)
        yield Environment(f"{name}: no home", f"env -u HOME {shell}", writes, ok)
        yield Environment(f"{name}: no folder for temporary files", f"TMPDIR=/nowhere {shell}", writes, ok)
        yield Environment(f"{name}: one core", f"taskset -c 0 {shell}", writes, ok)
        for blocks in (0, 1, 16):
            yield Environment(f"{name}: files of {blocks} kB", f"ulimit -f {blocks}; {shell}", writes, said)
        for files in (5, 6, 8, 24):  # with four, Python itself cannot begin
            yield Environment(
                f"{name}: {files} descriptors", f"ulimit -n {files}; {shell}", writes, (0, 1, 2, 120, 127)
            )
    yield Environment("compare: nothing can be kept", f"PYTHONPATH=$BARE HOME=/dev/null TMPDIR=/nowhere {_COMPARE}")
    yield Environment("compare: kept for a while", f"PYTHONPATH=$BARE HOME=/dev/null TMPDIR=$PWD {_COMPARE}")
    yield Environment("compare: odd names", "cp x.npy $'odd \\xff.npy'; $R compare $'odd \\xff.npy' y.npy -o run")


def prepare(folder: Path) -> Path:
    """A folder with what the commands need."""
    rng = np.random.default_rng(7)
    centres = rng.normal(size=(6, 20)) * 3
    x = (centres[rng.integers(0, 6, 200)] + rng.normal(size=(200, 20))).astype(np.float32)
    y = (x @ rng.normal(size=(20, 9)) + 4 * rng.normal(size=(200, 9))).astype(np.float32)
    folder.mkdir(parents=True)
    for name, values in (("x", x), ("y", y)):
        np.save(folder / f"{name}.npy", values)
    repdiff.compare(x, y, names=("one \u00e9", "two")).save(folder / "made")
    return folder


def bare_package(folder: Path) -> Path:
    """A copy of the package whose folders take no files, like one that root owns."""
    source = Path(repdiff.__file__).parent
    shutil.copytree(source, folder / "repdiff", ignore=shutil.ignore_patterns("__pycache__"))
    for place in [path for path in (folder / "repdiff").rglob("*") if path.is_dir()]:
        (place / "__pycache__").write_text("")
    return folder


def problem(environment: Environment, folder: Path, *, bare: Path | None = None) -> str:
    """What is wrong with what came of a command; empty where nothing is."""
    before = {path.name for path in folder.iterdir()}
    start = time.monotonic()
    shell = f"R='{sys.executable} -m repdiff'; BARE={bare}; {environment.shell}"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("COV_", "LC_"))}
    try:
        done = subprocess.run(
            ["bash", "-c", shell], cwd=folder, capture_output=True, timeout=LONGEST_SECONDS, env=inherited, check=False
        )
    except subprocess.TimeoutExpired:
        return f"still running after {time.monotonic() - start:.0f} s"
    finally:
        found = sorted({path.name for path in folder.iterdir()} - before)
        whole = _is_whole(folder / environment.writes) if environment.writes else None
        for name in found:
            path = folder / name
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    said = done.stderr.decode("utf-8", "replace")
    if "Traceback" in said or "Traceback" in done.stdout.decode("utf-8", "replace"):
        return f"a traceback: {said.strip().splitlines()[-1]}"
    if done.returncode < 0 or done.returncode not in environment.codes:
        return f"exit code {done.returncode}: {said[-200:]}"
    if environment.says and environment.says not in said:
        return f"says {said[-200:]!r}, not {environment.says!r}"
    failed = done.returncode not in (0, 1)
    if failed and "2>&-" not in environment.shell and done.returncode == 2 and said.count(_LINE) != 1:
        return f"says {said[-300:]!r}, which is not one line"
    if environment.writes and failed and not environment.written_anyway and whole is not None:
        return f"failed, but left {environment.writes}"
    if environment.writes and not failed and not whole:
        return f"exit code {done.returncode}, but {environment.writes} is {'damaged' if whole is False else 'missing'}"
    left = [name for name in found if name != environment.writes and not name.endswith(".npy") and "numba" not in name]
    return f"left {left}" if left else ""


def _is_whole(path: Path) -> bool | None:
    """Whether what was written is complete; None where nothing is there."""
    if not os.path.lexists(path):
        return None
    if path.is_dir():
        try:
            return bool(repdiff.load(path).projection.x.size and (path / "report.html").stat().st_size)
        except (repdiff.RepdiffError, OSError):
            return False
    content = path.read_bytes()
    ends = {".html": b"</html>", ".parquet": b"PAR1", ".xml": b"</testsuites>", ".csv": b"\n"}
    return content.rstrip(b"\n").endswith(ends.get(path.suffix, b"").rstrip(b"\n")) and len(content) > 100
