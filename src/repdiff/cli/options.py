"""Options of commands: made from the fields of :mod:`repdiff.settings`, and the few that only the command line has."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from functools import wraps
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

from typer import Option

from repdiff.core.metrics import Metric, Metrics
from repdiff.settings.checks import hints_of, members
from repdiff.settings.fields import SettingFacts, dataclass_field, flags_of, setting_of, settings_of

Json = Annotated[bool, Option("--json", help="Print a summary as JSON.")]
Overwrite = Annotated[bool, Option("--overwrite", help="Replace an existing run.")]
Output = Annotated[Path, Option("--output", "-o", help="Directory of the run, made by this command.")]
MetricX = Annotated[Metric | None, Option(help="Of the first side only.")]
MetricY = Annotated[Metric | None, Option(help="Of the second side only.")]
Names = Annotated[
    list[str] | None,
    Option("--name", help="What to call the next of them; give it once for each.", show_default="the files"),
]
Predictions = Annotated[
    list[str] | None,
    Option(help="Column with what the next of them predicts; or one pattern such as 'says {}', with names for {}."),
]


def takes_options(call: type[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command an option for every setting of a public function.

    Parameters
    ----------
    call : type
        What the function is given (:mod:`repdiff.settings.calls`).

    Returns
    -------
    callable
        A decorator. The command gets the checked options as ``**options``, under their Python names. They come after
        its own parameters and before its keyword-only ones; its own parameter replaces a setting of the same name.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(command, eval_str=True)
        own = [one for one in signature.parameters.values() if one.kind is not one.VAR_KEYWORD]
        made = [
            _parameter(call, name)
            for name, facts in settings_of(call).items()
            if facts.on_command_line and name not in signature.parameters
        ]
        hints = hints_of(call)

        @wraps(command)
        def with_options(**given: Any) -> None:
            options = {one.name: _from_text(given.pop(one.name), hints[one.name]) for one in made}
            _check(call, options)
            command(**given, **options)

        first = [one for one in own if one.kind is not one.KEYWORD_ONLY]
        last = [one for one in own if one.kind is one.KEYWORD_ONLY]
        every = [one.replace(kind=one.KEYWORD_ONLY) for one in (*first, *made, *last)]
        with_options.__signature__ = signature.replace(parameters=every)  # type: ignore[attr-defined]
        with_options.__annotations__ = {one.name: one.annotation for one in every}
        return with_options

    return decorate


def _parameter(call: type[Any], name: str) -> inspect.Parameter:
    """The option of a setting, as Typer reads it."""
    facts, hint, default = setting_of(call, name), hints_of(call)[name], dataclass_field(call, name).default
    kind = type_on_command_line(hint, facts)
    flags = flags_of(name, facts) if facts.flags else ()  # Typer makes --no-... of what has none
    unset = facts.unset if facts.unset and default is None else True
    option = Option(*flags, help=facts.sentence, metavar=facts.metavar, show_default=unset)
    if kind is str and default is not None:
        default = str(default)
    optional = kind | None if default is None else kind
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[optional, option]
    )


def type_on_command_line(hint: Any, facts: SettingFacts) -> Any:
    """The type an option is read as: its only one, or text where there are several."""
    if facts.typed is not None:
        return facts.typed
    plain = [one for one in members(hint) if one in (bool, int, float, str, Path) or get_origin(one) is Literal]
    if Path in plain:
        return Path
    if len(plain) == 1:
        return plain[0]
    if plain:
        return str
    (other,) = (one for one in members(hint) if one is not NoneType)
    return other if get_origin(other) is tuple else list[str]


def _from_text(given: Any, hint: Any) -> Any:
    """A number, where text may be one: ``--clusters 10``."""
    if not isinstance(given, str) or int not in members(hint) or given in _choices(hint):
        return given
    try:
        return int(given)
    except ValueError:
        return given  # the settings refuse it


def _choices(hint: Any) -> tuple[str, ...]:
    return tuple(choice for one in members(hint) if get_origin(one) is Literal for choice in get_args(one))


def _check(call: type[Any], options: Mapping[str, Any]) -> None:
    """Check the settings before any work, such as encoding, is done; data is not looked at."""
    data = [one.name for one in fields(call) if one.default is MISSING]
    call(**dict.fromkeys(data), **options)


def metric_of_each(metric: Metric, metric_x: Metric | None, metric_y: Metric | None) -> Metrics:
    """The metric of each side, which may differ."""
    return metric if metric_x is metric_y is None else (metric_x or metric, metric_y or metric)


def prediction_columns(given: list[str] | None, called: list[str]) -> list[str] | None:
    """The columns of several representations: as given, or a pattern filled in with their names."""
    if given is not None and len(given) == 1 and "{}" in given[0]:
        return [given[0].replace("{}", name) for name in called]
    return given or None
