"""Tools beside a comparison: similarity scores, alignment alone, embeddings of triplet judgements."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from repdiff.settings.fields import SettingsGroup, like, setting
from repdiff.settings.pairing import AlignmentSettings, AlignMethod


@dataclass(frozen=True, kw_only=True)
class SimilaritySettings(SettingsGroup):
    """Which scores say how alike two representations are as a whole, and on how many items."""

    scores: Iterable[str] | None = setting(
        None,
        "One of the scores, such as debiased_cka; may be given several times.",
        more='Of ``SCORES``: "cka", "debiased_cka", "rbf_cka", "svcca", "pwcca", "procrustes", "rsa", "mutual_knn", '
        '"jaccard". If a side is a matrix of distances, only those that need nothing else.',
        unset="all",
        kind="iterable of str",
        flags=("--score",),
    )
    n_neighbors: int = setting(10, "Nearest neighbours of an item.", at_least=1, flags=("--neighbors", "-k"))
    max_items: int | None = setting(
        2000,
        "Sample size of scores that look at all pairs; None for no sample.",
        more='For "rbf_cka" and "rsa" all pairs within the sample count, for "mutual_knn" and "jaccard" the '
        "neighbours, among all items, of those in the sample.",
        at_least=2,
        kind="int or None",
        on_command_line=False,
    )


@dataclass(frozen=True, kw_only=True)
class FittingSettings(SettingsGroup):
    """How y is mapped into the space of x."""

    method: AlignMethod = like(
        AlignmentSettings,
        "align",
        default="linear",
        sentence="No map; a rotation with scale; least squares; or the linear map with the highest CKA.",
        more="See :mod:`repdiff.similarities.alignment`.",
        on_command_line=False,
    )
    test_share: float = setting(
        0.5, "Share of the items held out from fitting.", above=0, below=1, on_command_line=False
    )
    ridge: float | None = setting(
        None,
        'Of "linear" and "cka": lambda over the mean eigenvalue of C.',
        unset="chosen on held-out rows",
        on_command_line=False,
        at_least=0,
    )


@dataclass(frozen=True, kw_only=True)
class TripletSettings(SettingsGroup):
    """How triplet judgements become points."""

    n_dims: int = setting(2, "Dimensions.", at_least=1, flags=("--dims",))
    n_restarts: int = setting(
        4,
        "Random starts; the best is kept.",
        more="Stops early once all judgements hold.",
        at_least=1,
        on_command_line=False,
    )
