"""How a comparison was made: parameters, inputs, versions, timings, warnings."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import metadata
from typing import Any

from repdiff import __version__
from repdiff.clustering.spectral import warn_not_converged
from repdiff.core.plain import as_unicode
from repdiff.inputs.matching import AUTO
from repdiff.inputs.pair import EmbeddingPair


class Clock:
    """Seconds of each stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def time(self, stage: str) -> Iterator[None]:
        """Measure a stage."""
        start = time.perf_counter()
        yield
        self.seconds[stage] = round(time.perf_counter() - start, 4)


def warning_recorder(messages: list[str], where: str) -> Callable[[str], None]:
    """A function that records a warning of the spectral step for the manifest, and passes it on to Python."""

    def note(message: str) -> None:
        messages.append(f"{where}: {message}")
        warn_not_converged(message)

    return note


def inputs_of(pair: EmbeddingPair) -> dict[str, Any]:
    """Source, shape, type and hash of x and y, and how their rows were matched."""
    sides: dict[str, dict[str, Any]] = {
        side: {"source": as_unicode(source), "shape": list(values.shape), "dtype": str(values.dtype), "sha256": sha256}
        for side, values, source, sha256 in zip(("x", "y"), (pair.x, pair.y), pair.sources, pair.sha256, strict=True)
    }
    for side, encoding in (("x", pair.encodings.x), ("y", pair.encodings.y)):
        if encoding is not None:
            sides[side]["model"] = _how(encoding.manifest)
    if pair.alignment is not None:
        sides["y"]["shape"] = pair.alignment["shape_before"]  # as the hash, of what was given
    asked = {} if pair.match == AUTO else {"match": pair.match}
    return {**sides, "matched_by": pair.matched_by, "matching": dict(pair.matching), **asked}


def _how(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What made an embedding, in short; the whole is in the manifest beside it."""
    model = manifest["model"]
    parts = {"spec": model["spec"], "weights_sha256": model["weights_sha256"]}
    return {**parts, "layer": manifest["layer"], "pool": manifest["pool"]}


def versions() -> dict[str, str]:
    """Of repdiff, Python and the libraries that the numbers depend on."""
    packages = ("numpy", "scipy", "scikit-learn", "numba", "pandas", "pyarrow", "pillow", "bokeh")
    libraries = {name: metadata.version(name) for name in packages}
    return {"repdiff": __version__, "python": platform.python_version(), **libraries}


def now() -> str:
    """The time, ISO 8601, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def engine_warnings(engine: Mapping[str, Any]) -> list[str]:
    """What a reader must know of the engine: that one which estimates was chosen, and why."""
    if engine.get("reason") is None:
        return []
    share = engine["share_of_pairs"]
    pairs = f" It looks at {share:.1%} of the pairs, and" if share < 1 else ""
    return [
        f"the {engine['name']} engine was chosen, since {engine['reason']}.{pairs or ' Its'} mean affinities have a "
        f'standard error of about {engine["expected_error"]:.1%}; engine="exact" (--engine exact) has none.'
        f"{_of_two_seeds(engine)}"
    ]


def _of_two_seeds(engine: Mapping[str, Any]) -> str:
    """How alike the clusters of two seeds are, where that was measured."""
    if (found := engine.get("two_seeds")) is None:
        return ""
    x_only, y_only = found["adjusted_rand"].values()
    return (
        f" Two seeds, on {found['items']:,} of the items, make clusters that agree to {x_only:.2f} (x_only) and "
        f"{y_only:.2f} (y_only); 1 is the same, 0 is chance (adjusted Rand)."
    )
