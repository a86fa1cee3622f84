"""The errors of repdiff: one line each, which says what to do."""

from __future__ import annotations

_LONGEST = 1500  # characters of a message; names in it come from files, and may be of any length
_END = 400  # of them that are kept at its end, where it says what to do


class RepdiffError(ValueError):
    """A mistake that the user can fix: what is wrong, where, and what to do, in one line.

    Names from files are part of messages, so a message is cut in its middle where it is very long, and characters that
    cannot be printed are written as escapes.
    """

    def __init__(self, message: object = "") -> None:
        super().__init__(_one_line(str(message)))


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


def _one_line(text: str) -> str:
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST - _END]} ... {text[-_END:]}"
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else _escaped(sign) for sign in text)


def _escaped(sign: str) -> str:
    return sign.encode("unicode_escape").decode("ascii")
