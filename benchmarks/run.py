"""Run benchmarks and write RESULTS.md: ``python benchmarks/run.py [section ...]``, all of them by default.

Each section stores its figures in ``benchmarks/results`` and replaces its text in RESULTS.md, so that slow sections
need not be repeated when another one is run.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

import assign
import collages
import encoding
import evidence
import exact
import on_dask
import quality
import sampled
import series
import whole
from harness import HERE, ResultTable, Section

SECTIONS: dict[str, Callable[[argparse.Namespace], Section]] = {
    "speed": exact.speed,
    "whole": whole.whole,
    "memory": exact.memory,
    "growth": exact.growth,
    "scale": exact.scale,
    "device": exact.device,
    "sampled": sampled.against_exact,
    "sampled-growth": sampled.growth,
    "assign": assign.assign,
    "dask": on_dask.on_dask,
    "quality": quality.quality,
    "collages": collages.collages,
    "ranks": quality.ranks,
    "encoding": encoding.encoding,
    "evidence": evidence.evidence,
    "series": series.series,
}
_INTRODUCTION = """# Benchmarks

Written by `make bench` (`python benchmarks/run.py`). Times are medians of interleaved repeats in seconds of wall time.
The *floor* is the two matrix products `x @ x.T` and `y @ y.T` alone, in the same tiles, on the same threads, in the
same run. *Naive* is a straightforward version of the method: `torch.cdist`, two `argsort`, scikit-learn's
`SpectralClustering`. *Synthetic* embeddings are mixtures of Gaussians with a heavy-tailed spectrum
(`benchmarks/data.py`); *emoji* are two image networks' embeddings of the same 3,786 emoji.
"""


def main() -> None:
    """Run the requested sections."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="section", help=", ".join(SECTIONS))
    parser.add_argument("--emoji", type=Path, default=os.environ.get("REPDIFF_EMOJI"), help="folder of two .npy files")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--largest", type=int, default=100_000, help="leave out larger numbers of items")
    parser.add_argument("--no-naive", action="store_true", help="leave out the naive pipeline")
    options = parser.parse_args()
    unknown = set(options.sections) - set(SECTIONS)
    if unknown:
        parser.error(f"no such section: {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    if options.emoji is not None:
        options.emoji = Path(options.emoji)
    for name in options.sections or SECTIONS:
        print(f"# {name}", file=sys.stderr, flush=True)
        section = SECTIONS[name](options)
        section.save(name)
        print(as_text(section), flush=True)
    write_report()


def write_report() -> None:
    """Write RESULTS.md: every section as last run here, else its existing text."""
    path = HERE / "RESULTS.md"
    stood = path.read_text().split("\n## ")[1:] if path.exists() else []
    texts = {text.partition("\n")[0]: f"## {text.rstrip()}\n" for text in stood}
    texts |= {section.title: as_text(section) for section in map(Section.load, SECTIONS) if section}
    path.write_text("\n".join([_INTRODUCTION, *texts.values()]))


def as_text(section: Section) -> str:
    """The text of the section in RESULTS.md."""
    lines = [f"## {section.title}", ""]
    if section.machine:
        lines += [f"{section.machine}; {section.versions}; {section.date}.", ""]
    for note in section.notes:
        lines += [note, ""]
    for table in section.tables:
        lines += _table_lines(table)
    return "\n".join(lines)


def _table_lines(table: ResultTable) -> list[str]:
    lines = [f"{table.caption}", ""] if table.caption else []
    lines += [_row(table.columns), _row(["---"] * len(table.columns)), *map(_row, table.rows), ""]
    for note in table.notes:
        lines += [note, ""]
    return lines


def _row(cells: object) -> str:
    assert isinstance(cells, (list, tuple))
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
