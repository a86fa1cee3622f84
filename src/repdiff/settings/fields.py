"""An option as a field of a frozen dataclass: its default, its type, what is allowed, and the sentence about it.

Everything else is derived from these fields: the keywords of the public functions and their documentation
(:mod:`repdiff.settings.keywords`), and the options of the command line (:mod:`repdiff.cli.options`).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Self

from repdiff.settings.checks import Allowed, check_value, hints_of

_KEY = "setting"


@dataclass(frozen=True, kw_only=True)
class SettingFacts(Allowed):
    """An option's facts beside its name, type and default.

    Attributes
    ----------
    sentence : str
        What it does: in the documentation of functions, and in the help of commands.
    more : str
        Further sentences for the documentation of functions.
    unset : str
        What None means, such as "all cores"; documented as the default.
    kind : str
        How the documentation writes the type; derived from the annotation by default.
    flags : tuple of str
        How the command line spells it; by default ``--name-with-hyphens``. The first is the one that errors name.
    metavar : str or None
        What the help of commands shows for the value.
    typed : type or None
        What the command line parses it as; derived from the annotation by default.
    on_command_line : bool
        Whether commands have it.
    """

    sentence: str
    more: str = ""
    unset: str = ""
    kind: str = ""
    flags: tuple[str, ...] = ()
    metavar: str | None = None
    typed: Any = None
    on_command_line: bool = True


def setting(default: Any, sentence: str, **facts: Any) -> Any:
    """A field with this default, sentence and :class:`Setting`; a keyword of the constructor."""
    return dataclasses.field(default=default, kw_only=True, metadata={_KEY: SettingFacts(sentence=sentence, **facts)})


def like(group: type[Any], name: str, *, kw_only: bool = True, **changes: Any) -> Any:
    """The field of another group, with ``default`` and the given facts changed."""
    default = changes.pop("default", dataclass_field(group, name).default)
    facts = dataclasses.replace(setting_of(group, name), **changes)
    return dataclasses.field(default=default, kw_only=kw_only, metadata={_KEY: facts})


def dataclass_field(group: type[Any], name: str) -> dataclasses.Field[Any]:
    """The field of that name."""
    return next(field for field in dataclasses.fields(group) if field.name == name)


def setting_of(group: type[Any], name: str) -> SettingFacts:
    """The facts of the option of that name."""
    found: SettingFacts = dataclass_field(group, name).metadata[_KEY]
    return found


def settings_of(group: type[Any]) -> dict[str, SettingFacts]:
    """Every option of a group, in order, without fields that are plain data."""
    return {field.name: field.metadata[_KEY] for field in dataclasses.fields(group) if _KEY in field.metadata}


def flags_of(name: str, facts: SettingFacts) -> tuple[str, ...]:
    """How the command line spells an option."""
    return facts.flags or (f"--{name.replace('_', '-')}",)


def check_setting(group: type[Any], name: str, value: Any) -> None:
    """Refuse a value that an option does not allow.

    Raises
    ------
    OptionError
        With the name, what is allowed, and the value.
    """
    facts = setting_of(group, name)
    flag = flags_of(name, facts)[0] if facts.on_command_line else name
    check_value(name, value, hints_of(group)[name], facts, flag=flag)


@dataclass(frozen=True, kw_only=True)
class SettingsGroup:
    """Options that belong together, checked.

    Raises
    ------
    OptionError
        For a value that an option does not allow.
    """

    def __post_init__(self) -> None:
        for name in settings_of(type(self)):
            check_setting(type(self), name, getattr(self, name))
        self.check_together()

    def check_together(self) -> None:
        """Refuse values that are allowed one by one, but not together."""

    @classmethod
    def of(cls, other: SettingsGroup) -> Self:
        """The options of this group, copied from a group that has them among others."""
        return cls(**{field.name: getattr(other, field.name) for field in dataclasses.fields(cls)})
