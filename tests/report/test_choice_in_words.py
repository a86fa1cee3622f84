"""Why so many clusters, as a person reads it: each code has its sentence, from figures."""

from __future__ import annotations

import pytest

from repdiff.report.wording.choice import chosen_in_short, why_so_many
from repdiff.results.choice import Candidate, ChosenNumber, TriedNumber


def tried(n: int, gain: float, holding: float = 3.0, not_holding: float = 0.0) -> TriedNumber:
    return TriedNumber(n, (gain, gain), holding, not_holding, 0.59, 0.01, 0.8, 2)


HOLDS = (tried(4, 0.4), tried(6, 0.5, 5.0, 0.25), tried(8, 0.51))
GAPS = (Candidate(2, 0.9, 0.01, 0.8), Candidate(3, 0.89, 0.3, 0.9))


@pytest.mark.parametrize(
    ("number", "says", "in_short"),
    [
        (
            ChosenNumber(6, (), "holds", 5000, HOLDS, 1000, 4),
            "5.0 of them are tighter than matched noise, with 59 % of the items, and 0.2 are not (means of 4 samples "
            "of 1,000 items); fewer clusters lose 20 % of what stands out and is found again, and more clusters, up to "
            "8, add 2 % at most",
            "6 clusters, chosen as the fewest whose groups show what noise does not make.",
        ),
        (
            ChosenNumber(10, (), "nothing_holds", 5000, HOLDS, 1000, 4),
            "whether cut into 4 or 8 groups or any number between, hardly any is tighter than noise (4 samples of "
            "1,000 items), so there are as many as by default",
            "10 clusters, as by default, since no number of them has groups that noise does not make.",
        ),
        (
            ChosenNumber(3, GAPS, "gap", 200),
            "fewer than 300 items cannot be compared with noise, so eigenvalues decide: 3 groups that keep their "
            "affinity to themselves make 3 eigenvalues stand out, and they fall by 0.300 after number 3, the largest "
            "gap, 30.0 times the next; clusterings of overlapping samples agree to 0.90 (Jaccard index; 1 is the same "
            "groups); more were not looked at",
            "3 clusters, chosen as the number of groups that keep to themselves.",
        ),
    ],
)
def test_each_code_has_its_sentence(number: ChosenNumber, says: str, in_short: str) -> None:
    assert why_so_many(number).replace("\N{NO-BREAK SPACE}", " ") == says
    assert chosen_in_short(number).replace("\N{NO-BREAK SPACE}", " ") == in_short


def test_the_smallest_and_the_largest_number_have_one_side() -> None:
    smallest = ChosenNumber(4, (), "holds", 5000, (tried(4, 0.5, 4.0), tried(6, 0.4)), 1000, 4)
    assert why_so_many(smallest).startswith("all of them are tighter than matched noise")
    assert why_so_many(smallest).endswith("; more clusters, up to 6, add nothing")
    largest = ChosenNumber(6, (), "holds", 5000, (tried(4, 0.4), tried(6, 0.5)), 1000, 4)
    assert why_so_many(largest).endswith("of what stands out and is found again")


def test_a_run_of_an_older_version_is_not_said_to_have_few_items() -> None:
    assert why_so_many(ChosenNumber(3, GAPS, "gap", 3000)).startswith("3 groups that keep their affinity")
