"""The answer to a comparison, for a person who has to decide: what happened, three figures, what to do next.

Everything comes from codes and figures, so that a page, a terminal, a notebook and a file say the same. At most
:data:`MOST_WORDS` words; names and labels are cut short for that. No word needs statistics: these come later, in the
section on evidence.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from repdiff.report.wording import headline, next_step
from repdiff.report.wording.formatting import Sentence
from repdiff.report.wording.replicates import again
from repdiff.report.wording.three_figures import three_figures
from repdiff.results.comparison import Comparison

MOST_WORDS = 60


@dataclass(frozen=True)
class Answer:
    """What a comparison comes to.

    Attributes
    ----------
    headline : Sentence
        What happened.
    figures : tuple of str
        At most three: ``4.6 of 10 neighbours shared``.
    verdict : Sentence
        Which of the two is better, as far as that can be told, and what to do next.
    again : Sentence or None
        Whether the groups would be there after training again; None where no other seeds were given.
    """

    headline: Sentence
    figures: tuple[str, ...]
    verdict: Sentence
    again: Sentence | None = None

    @property
    def text(self) -> str:
        """The whole answer as plain text."""
        figures = f" {'; '.join(self.figures)}." if self.figures else ""
        again = "" if self.again is None else f" {self.again.plain}"
        return f"{self.headline.plain}{figures} {self.verdict.plain}{again}"

    @property
    def n_words(self) -> int:
        """Words of the whole answer."""
        return len(self.text.split())


def answer(comparison: Comparison) -> Answer | None:
    """The answer to a comparison; None without evidence, and for runs of version 0.1, which have no findings.

    Parameters
    ----------
    comparison : Comparison
        What :func:`repdiff.compare` or :func:`repdiff.load` gives.
    """
    evidence = comparison.evidence
    if evidence is None or not evidence.findings or evidence.neighbours is None:
        return None
    found = (comparison, evidence, evidence.neighbours)
    told = Answer(headline.headline(*found), three_figures(*found), next_step.next_step(*found), again(evidence))
    if told.n_words > MOST_WORDS:  # the cards name the groups, too
        told = replace(told, verdict=next_step.next_step(*found, naming=False))
    if told.n_words > MOST_WORDS:
        told = replace(told, headline=headline.headline(*found, naming=False))
    # With the sentence on other seeds, that can be a few words too many: the third figure says least.
    return told if told.n_words <= MOST_WORDS else replace(told, figures=told.figures[:2])
