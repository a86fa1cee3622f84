"""Tracks of clusters -> which colour they keep, and what the page says of each."""

from __future__ import annotations

from collections.abc import Sequence

from repdiff.report.subject import Fate
from repdiff.report.wording.tracks import fate, letter
from repdiff.results.tracks import History, Track

_HUES = 12  # colours that are told apart at a glance


def colours_of_tracks(tracks: Sequence[Track]) -> tuple[int, ...]:
    """Place in the palette of each track; two that are there at the same checkpoint never share one.

    The dozen colours that are told apart at a glance are all used before one is used again, and then the one that has
    been free for longest.
    """
    places: list[int] = []
    last_seen: list[int] = []  # by place: the last checkpoint at which it is taken
    for track in tracks:
        free = [place for place, last in enumerate(last_seen) if last < track.first]
        if len(last_seen) < _HUES or not free:
            place = len(last_seen)
            last_seen.append(track.last)
        else:
            place = min(free, key=lambda candidate: last_seen[candidate])
            last_seen[place] = track.last
        places.append(place)
    return tuple(places)


def fates(history: History, checkpoints: Sequence[str]) -> tuple[Fate, ...]:
    """What is said of each track."""
    return tuple(Fate(track.index, letter(track.index), fate(history, track, checkpoints)) for track in history.tracks)
