"""The decisions about a run on one page, to be printed or sent."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from repdiff.explorer.explored import Explored
from repdiff.report.page import environment
from repdiff.report.wording.answer import answer
from repdiff.report.wording.findings import holder_and_other
from repdiff.report.wording.groups import fate_sentence, in_order
from repdiff.results.annotations import Annotations, ClusterNote
from repdiff.results.clusters import DIRECTIONS, DifferenceCluster, DirectionName

_PICTURES = 5


@dataclass(frozen=True)
class Entry:
    """A group of the memo.

    Attributes
    ----------
    holder : str
        Who holds it together.
    number, size : int
        Its number among the groups of its direction, and its items; those of groups merged into it count.
    called : str
        What people call it, else what tells it apart.
    note : ClusterNote
        What they say.
    became : str
        What the other side makes of it.
    pictures : tuple of str
        Data addresses of the first pictures.
    ids : str
        Ids of the first items, where there are no pictures.
    """

    holder: str
    number: int
    size: int
    called: str
    note: ClusterNote
    became: str
    pictures: tuple[str, ...]
    ids: str


def memo(explored: Explored) -> str:
    """HTML of the memo: what was decided, and what is left."""
    from importlib import resources

    annotations = explored.annotations()
    entries = [
        _entry(explored, annotations, name, cluster)
        for name in DIRECTIONS
        for cluster in in_order(explored.direction(name))
        if annotations.of(name, cluster.index).merged_into is None
    ]
    found = answer(explored.comparison)
    template = resources.files("repdiff.explorer").joinpath("assets").joinpath("memo.html.j2").read_text("utf-8")
    told: dict[str, Any] = {
        "real": [one for one in entries if one.note.decision == "real" and not one.note.set_aside],
        "noise": [one for one in entries if one.note.decision == "noise" and not one.note.set_aside],
        "aside": [one for one in entries if one.note.set_aside],
        "left": [one for one in entries if one.note.decision is None and not one.note.set_aside],
    }
    return environment().from_string(template).render(
        **told, names=explored.comparison.names, answer=found, description=explored.comparison.description,
        n=explored.n, selections=annotations.selections, run=explored.folder.name,
        created=explored.comparison.provenance.created[:10],
    )  # fmt: skip


def _entry(explored: Explored, annotations: Annotations, name: DirectionName, cluster: DifferenceCluster) -> Entry:
    comparison = explored.comparison
    merged = [one for one in explored.direction(name).clusters if _root(annotations, name, one.index) == cluster.index]
    note = annotations.of(name, cluster.index)
    evidence = cluster.evidence
    rows = cluster.representatives.tolist()
    thumbnails = explored.run.thumbnails
    shown = [thumbnails.images[explored.pictures[row]] for row in rows if row in explored.pictures][:_PICTURES]
    return Entry(
        holder=holder_and_other(comparison, name)[0],
        number=explored.numbers[name][cluster.index],
        size=sum(one.size for one in merged),
        called=note.name or explored.names[name][cluster.index],
        note=note,
        became="" if evidence is None else fate_sentence(comparison, name, evidence),
        pictures=tuple(f"data:image/webp;base64,{base64.b64encode(image).decode()}" for image in shown),
        ids="" if shown else ", ".join(explored.columns["id"][row] for row in rows[:_PICTURES]),
    )


def _root(annotations: Annotations, name: DirectionName, index: int) -> int:
    """The cluster that a cluster is counted with in the end; itself where it is merged into none."""
    target = annotations.of(name, index).merged_into
    return index if target is None else _root(annotations, name, target)
