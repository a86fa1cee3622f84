"""What tests of the evidence share."""

from __future__ import annotations

import pytest

from repdiff.core.errors import RepdiffError


@pytest.fixture
def without_matched_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    """No simulations of matched noise are run, which take most of the time.

    They have no part in the null of neighbourhoods, in stability or in robustness.
    """

    def cannot(*args: object, **options: object) -> None:
        raise RepdiffError("left out")

    monkeypatch.setattr("repdiff.evidence.findings.weigh_against_noise", cannot)


@pytest.fixture
def without_other_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is clustered again under other settings, which only robustness is about."""
    monkeypatch.setattr("repdiff.evidence.robustness._other_values", lambda *_: [])
