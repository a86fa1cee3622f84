"""The errors of repdiff: each is one line that a person can act on."""

from __future__ import annotations


class RepdiffError(ValueError):
    """A mistake that the user can mend: what is wrong, where, and what to do, in one line."""


class InputError(RepdiffError):
    """Embeddings, items or a file cannot be used as they are."""


class RunError(RepdiffError):
    """A run directory cannot be read or written."""


class MemoryLimitError(RepdiffError):
    """The work does not fit into the memory it may use; raised before any work starts."""


class MissingExtraError(RepdiffError, ImportError):
    """An optional dependency is needed; the message names the ``pip install`` to run."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(f'{purpose} needs {package}, which is not installed; run: pip install "repdiff[{extra}]"')


class NotConvergedWarning(UserWarning):
    """The spectral step stopped before its residual test was met."""
