"""The errors of repdiff: one line each, which says what to do."""

from __future__ import annotations


class RepdiffError(ValueError):
    """A mistake that the user can fix: what is wrong, where, and what to do, in one line."""


class OptionError(RepdiffError):
    """An option has a value that is not allowed, or does not exist.

    Attributes
    ----------
    on_command_line : str
        The same message with the option as the command line spells it.
    """

    def __init__(self, message: str, *, on_command_line: str | None = None) -> None:
        super().__init__(message)
        self.on_command_line = on_command_line or message


class InputError(RepdiffError):
    """Embeddings, items or a file cannot be used as they are."""


class RunError(RepdiffError):
    """A run directory cannot be read or written."""


class MemoryLimitError(RepdiffError):
    """The work does not fit into the memory it may use; raised before it starts."""


class MissingExtraError(RepdiffError, ImportError):
    """An optional dependency is needed; the message names the ``pip install`` to run."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(f'{purpose} needs {package}, which is not installed; run: pip install "repdiff[{extra}]"')


class NotConvergedWarning(UserWarning):
    """The spectral step stopped before its residuals were small enough."""
