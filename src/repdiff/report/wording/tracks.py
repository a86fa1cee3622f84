"""What becomes of a difference cluster through the checkpoints."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from string import ascii_uppercase

from repdiff.report.wording.formatting import Sentence
from repdiff.results.tracks import History, Track


def letter(index: int) -> str:
    """What a track is called: ``A`` to ``Z``, then ``AA``, ``AB``, ..."""
    rest, place = divmod(index, len(ascii_uppercase))
    return (letter(rest - 1) if rest else "") + ascii_uppercase[place]


def fate(history: History, track: Track, checkpoints: Sequence[str]) -> Sentence:
    """A track in a sentence.

    ``Split from B at `epoch 3`; D splits off at `epoch 8`; resolved into no change at `epoch 9`.``
    """
    pieces = [_beginning(track, checkpoints)]
    for first, children in groupby(history.children(track.index), key=lambda child: child.first):
        letters = [letter(child.index) for child in children]
        verb = "splits off" if len(letters) == 1 else "split off"
        pieces.append(((f"; {_listed(letters)} {verb} at ", False), (checkpoints[first], True)))
    pieces.append(_ending(track, checkpoints))
    return Sentence(tuple(part for piece in pieces for part in piece))


def _listed(letters: list[str]) -> str:
    """``A``; ``A and B``; ``A, B and C``."""
    *rest, last = letters
    return f"{', '.join(rest)} and {last}" if rest else last


def _beginning(track: Track, checkpoints: Sequence[str]) -> tuple[tuple[str, bool], ...]:
    since = (checkpoints[track.first], True)
    if track.begins == "start":
        return (("There from the start", False),)
    if track.parent is None:
        return (("New at ", False), since)
    return ((f"Split from {letter(track.parent)} at ", False), since)


def _ending(track: Track, checkpoints: Sequence[str]) -> tuple[tuple[str, bool], ...]:
    if track.ends == "end":
        return (("; lasts to the end.", False),)
    after = (checkpoints[track.last + 1], True)
    if track.successor is not None:
        return ((f"; merges into {letter(track.successor)} at ", False), after, (".", False))
    if track.ends == "resolved":
        return (("; resolved into no change at ", False), after, (".", False))
    return (("; dissolves into several groups at ", False), after, (".", False))
