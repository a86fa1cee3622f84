"""How much a file says that it holds, compared with its own size and with the free memory before anything is read."""

from __future__ import annotations

from repdiff.core.errors import InputError
from repdiff.core.memory import available_bytes, format_bytes

FREELY = 256 << 20  # bytes that any file may claim
MOST_FOLD = 1000  # times its own size; what compresses best, zeros, is 1,030 times smaller as .npz


def check_claim(source: str, claimed: int, there: int, *, what: str = "values") -> None:
    """Refuse to read what cannot be there, or does not fit into the memory.

    Parameters
    ----------
    source : str
        The file, or the part of it, for messages.
    claimed : int
        Bytes that it will take in memory, according to the file itself.
    there : int
        Bytes of the file.
    what : str
        What they are.

    Raises
    ------
    InputError
        Where the claim is more than ``FREELY`` and more than ``MOST_FOLD`` times the file, or more than is free.
    """
    if claimed <= FREELY:
        return
    if claimed > MOST_FOLD * there:
        raise InputError(
            f"{source}: claims {format_bytes(claimed)} of {what}, but the file has only {format_bytes(there)}; it is "
            "damaged, or made to fill the memory; get it again"
        )
    free = available_bytes()
    if claimed > free:
        raise InputError(
            f"{source}: its {what} take {format_bytes(claimed)}, but only {format_bytes(free)} of memory are free; "
            "use a machine with more, or compare fewer rows or columns"
        )
