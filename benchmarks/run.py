"""Run benchmarks and write RESULTS.md: ``python benchmarks/run.py [section ...]``, most of them by default.

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
import explorer
import million
import on_dask
import quality
import sampled
import series
import whole
from harness import HERE, Section, as_text

SECTIONS: dict[str, Callable[[argparse.Namespace], Section]] = {
    "speed": exact.speed,
    "whole": whole.whole,
    "memory": exact.memory,
    "growth": exact.growth,
    "scale": exact.scale,
    "exact-ranks": exact.exact_ranks,
    "sampled": sampled.against_exact,
    "sampled-large": sampled.against_exact_large,
    "sampled-growth": sampled.growth,
    "million": million.million,
    "assign": assign.assign,
    "dask": on_dask.on_dask,
    "quality": quality.quality,
    "collages": collages.collages,
    "ranks": quality.ranks,
    "encoding": encoding.encoding,
    "evidence": evidence.evidence,
    "series": series.series,
    "explorer": explorer.explorer,
}
_ON_REQUEST = {"million", "sampled-large", "exact-ranks"}  # take long, and gigabytes of disk or memory
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
    parser.add_argument("--n", type=int, default=1_000_000, help="items of the section million")
    parser.add_argument("--d", type=int, default=128, help="columns of each side in the section million")
    parser.add_argument("--scratch", type=Path, help="where the section million writes its data (default: TMPDIR)")
    options = parser.parse_args()
    unknown = set(options.sections) - set(SECTIONS)
    if unknown:
        parser.error(f"no such section: {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    if options.emoji is not None:
        options.emoji = Path(options.emoji)
    for name in options.sections or [name for name in SECTIONS if name not in _ON_REQUEST]:
        print(f"# {name}", file=sys.stderr, flush=True)
        section = SECTIONS[name](options)
        section.save(name)
        print(as_text(section), flush=True)
    write_report()


def write_report() -> None:
    """Write RESULTS.md: every section as last run here, that of ``gpu.py`` too, else its existing text."""
    path = HERE / "RESULTS.md"
    stood = path.read_text().split("\n## ")[1:] if path.exists() else []
    texts = {text.partition("\n")[0]: f"## {text.rstrip()}\n" for text in stood}
    texts |= {section.title: as_text(section) for section in map(Section.load, [*SECTIONS, "gpu"]) if section}
    path.write_text("\n".join([_INTRODUCTION, *texts.values()]))


if __name__ == "__main__":
    main()
