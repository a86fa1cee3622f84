"""A dataclass of options -> the keywords of a function: typed, documented, and with a hint where one is misspelt.

``takes`` captures the constructor of the dataclass, so that editors and type checkers see each keyword with its type
and default, and none of them is written twice.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Collection, Mapping
from functools import update_wrapper, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast, get_type_hints

from repdiff.core.errors import OptionError
from repdiff.settings.checks import hints_of
from repdiff.settings.documentation import with_parameters

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")


def takes(call: Callable[P, T]) -> Callable[[Callable[[T], R]], Callable[P, R]]:
    """Give a function that takes one dataclass the parameters of that dataclass.

    Parameters
    ----------
    call : type
        A frozen dataclass: data first, then options (:func:`repdiff.settings.fields.setting`).

    Returns
    -------
    callable
        A decorator. The function it returns has the dataclass's signature, documents the options in its docstring, and
        names the nearest option if one is misspelt.
    """

    def decorate(function: Callable[[T], R]) -> Callable[P, R]:
        name, group = function.__name__, cast(type[Any], call)
        signature = signature_of(call, returns=get_type_hints(function).get("return", inspect.Signature.empty))

        @wraps(function)
        def with_keywords(*args: P.args, **kwargs: P.kwargs) -> R:
            bind(name, signature, args, kwargs)
            return function(call(*args, **kwargs))

        _describe(with_keywords, signature)
        with_keywords.__doc__ = with_parameters(function.__doc__, group)
        return with_keywords

    return decorate


def initialises(call: Callable[P, object]) -> Callable[[Callable[..., None]], Callable[Concatenate[Any, P], None]]:
    """Give ``__init__(self, **parameters)`` the parameters of a dataclass, unchecked, as scikit-learn wants it."""

    def decorate(function: Callable[..., None]) -> Callable[Concatenate[Any, P], None]:
        signature = signature_of(call, returns=None)
        name = function.__qualname__.split(".")[0]

        def with_keywords(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> None:
            bound = bind(name, signature, args, kwargs)
            bound.apply_defaults()
            function(self, **bound.arguments)

        this = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        update_wrapper(with_keywords, function)
        _describe(with_keywords, signature.replace(parameters=[this, *signature.parameters.values()]))
        return with_keywords

    return decorate


def signature_of(call: Callable[..., Any], *, returns: Any) -> inspect.Signature:
    """The signature of a dataclass's constructor, with annotations that are types and not their names."""
    plain = inspect.signature(call)
    hints = hints_of(call)
    parameters = [one.replace(annotation=hints[one.name]) for one in plain.parameters.values()]
    return plain.replace(parameters=parameters, return_annotation=returns)


def bind(
    name: str, signature: inspect.Signature, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> inspect.BoundArguments:
    """The arguments by name.

    Raises
    ------
    OptionError
        If no option has a keyword's name; the message names the nearest one.
    TypeError
        If data is missing, or given twice.
    """
    for keyword in kwargs:
        if keyword not in signature.parameters:
            raise OptionError(f"{name} has no option {keyword!r}; {nearest(keyword, signature.parameters)}")
    try:
        return signature.bind(*args, **kwargs)
    except TypeError as error:
        raise TypeError(f"{name}: {error}") from None


def nearest(word: str, known: Collection[str]) -> str:
    """A hint: the nearest of the known words, or all of them."""
    close = difflib.get_close_matches(word, known, 1)
    return f"did you mean {close[0]!r}?" if close else f"options are {', '.join(known)}"


def _describe(function: Any, signature: inspect.Signature) -> None:
    """Set what :mod:`inspect` and :func:`typing.get_type_hints` see."""
    function.__signature__ = signature
    hints = {one.name: one.annotation for one in signature.parameters.values()}
    function.__annotations__ = {
        name: hint for name, hint in {**hints, "return": signature.return_annotation}.items()
        if hint is not inspect.Signature.empty
    }  # fmt: skip
