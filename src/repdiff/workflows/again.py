"""A run -> the same comparison with some settings changed, from the embeddings it was made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from repdiff.core.errors import RunError
from repdiff.core.plain import as_unicode
from repdiff.core.progress import Progress, silent
from repdiff.core.regular import is_near
from repdiff.inputs.pair import EmbeddingPair
from repdiff.results.comparison import Comparison
from repdiff.settings import ENGINES, Settings
from repdiff.workflows.compare import compare_as_asked
from repdiff.workflows.preview import recall_unaligned
from repdiff.workflows.provenance import Clock
from repdiff.workflows.replicates import SIDES, HeldReplicates, hold_replicates

_OWN = ("n_clusters", "gamma", "beta", "no_change_threshold", "n_representatives", "representatives")


def compare_again(
    comparison: Comparison,
    changes: Mapping[str, Any],
    *,
    run: Path,
    given: Mapping[str, Any],
    progress: Progress = silent,
) -> Comparison:
    """The comparison as it was made, but for some settings.

    The run's own items, names, matching, metric, alignment, guidance, replicates and seed are kept, and whether there
    is evidence. The engine is chosen anew where it was chosen then.

    Parameters
    ----------
    comparison, run : Comparison, Path
        What was loaded, and from where.
    changes : mapping
        Settings of :func:`repdiff.compare` by their names, in place of the run's.
    given : mapping
        For "x" and "y", where the embeddings are now; None where they are where the manifest says.
    progress : Progress, optional
        Told how far the work is.

    Raises
    ------
    RunError
        Where the embeddings or replicates are not there or have changed, or where the run used a clusterer other than
        the spectral one.
    """
    made, clock = comparison.provenance, Clock()
    settings = _settings_of(comparison, changes, run)
    align = made.parameters.get("align", "none")
    with clock.time("input"):
        progress("reading the embeddings", 0, 1)
        pair = recall_unaligned(comparison, given, run=run)
        replicates = hold_replicates(
            pair, *(_replicates_of(comparison, side, run) for side in SIDES), align=align,
            random_state=made.random_state, progress=progress,
        )  # fmt: skip
        _check_replicates(comparison, replicates, run)
        progress("reading the embeddings", 1, 1)
    reference = comparison.reference
    found = compare_as_asked(
        pair, settings, align=align, align_effect="effect" in made.parameters.get("alignment", {}),
        replicates=replicates, description=comparison.description,
        keep_rows=reference is None or reference.x is not None, clock=clock, progress=progress,
    )  # fmt: skip
    return replace(found, provenance=replace(found.provenance, inputs=_inputs_of(comparison, pair, found)))


def _inputs_of(comparison: Comparison, pair: EmbeddingPair, found: Comparison) -> dict[str, Any]:
    """What the first manifest says of the inputs, which are the same, with the places where they are now."""
    before, now = comparison.provenance.inputs, found.provenance.inputs
    places: dict[str, Any] = {
        side: {**before[side], "source": as_unicode(source)} for side, source in zip(SIDES, pair.sources, strict=True)
    }
    replicates = {name: told for name, told in now.items() if name.startswith("replicates_")}
    return {**before, **places, **replicates}


def _settings_of(comparison: Comparison, changes: Mapping[str, Any], run: Path) -> Settings:
    made = comparison.provenance
    if made.parameters["clusterer"] != "spectral":
        raise RunError(
            f"{run}: its clusters come from {made.parameters['clusterer']}, which a run does not store; compare again "
            "with clusterer="
        )
    engine, chosen = made.engine.get("name"), made.engine.get("chosen_by") == "auto"
    own = {
        **{name: made.parameters[name] for name in _OWN},
        "random_state": made.random_state,
        "evidence": comparison.evidence is not None,
        "engine": engine if engine in ENGINES and not chosen else "auto",
        **({} if comparison.neighbors is None else {"n_neighbors": comparison.neighbors.k}),
    }
    settings = Settings(**{**own, **changes})
    whole = made.parameters.get("within") is not None and settings.engine == "auto"
    return Settings(**{**own, **changes, "engine": "exact"}) if whole else settings


def _replicates_of(comparison: Comparison, side: str, run: Path) -> list[Path]:
    sources = [Path(one["source"]) for one in comparison.provenance.inputs.get(f"replicates_{side}", ())]
    if strange := next((one for one in sources if not (is_near(one, run) and one.exists())), None):
        raise RunError(
            f"{run}: was made with the replicate {strange}, which is neither beside the run nor in the working folder; "
            "move it there, or compare again"
        )
    return sources


def _check_replicates(comparison: Comparison, held: HeldReplicates | None, run: Path) -> None:
    """Refuse replicates that have changed since."""
    for side in SIDES:
        before = comparison.provenance.inputs.get(f"replicates_{side}", ())
        now = () if held is None else held.inputs[f"replicates_{side}"]
        for one, other in zip(before, now, strict=True):
            if one["sha256"] != other["sha256"]:
                source = as_unicode(str(other["source"]))
                raise RunError(f"{source}: the values differ from those that {run} was made from; compare again")
