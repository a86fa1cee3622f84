"""One field is enough: keywords, documentation and the command line are made from it."""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import pytest
import typer
from typer.testing import CliRunner

import repdiff
from repdiff import RepdiffError
from repdiff.cli.app import app
from repdiff.cli.compare import compare as compare_command
from repdiff.cli.options import takes_options
from repdiff.settings import CompareCall, MethodSettings, calls, initialises, takes
from repdiff.settings.documentation import documents
from repdiff.settings.fields import dataclass_field, flags_of, setting, settings_of

CALLS: dict[Callable[..., Any], type[Any]] = {
    repdiff.compare: calls.CompareCall,
    repdiff.compare_series: calls.SeriesCall,
    repdiff.compare_matrix: calls.MatrixCall,
    repdiff.evaluate: calls.EvaluateCall,
    repdiff.evaluate_run: calls.EvaluateRunCall,
    repdiff.align: calls.AlignCall,
    repdiff.similarity: calls.SimilarityCall,
    repdiff.embed_triplets: calls.TripletsCall,
    repdiff.encode: calls.EncodeCall,
    repdiff.DifferenceClustering: calls.EstimatorOptions,
}
COMMANDS = {
    "compare": calls.CompareCall,
    "series": calls.SeriesCall,
    "matrix": calls.MatrixCall,
    "evaluate": calls.EvaluateRunCall,
    "similarity": calls.SimilarityCall,
    "triplets": calls.TripletsCall,
    "encode": calls.EncodeCall,
}


def name_of(function: Any) -> str:
    return str(function.__name__)


@dataclass(frozen=True, kw_only=True)
class WithOneMore(MethodSettings):
    """The method with an option that it does not have."""

    n_shown: int = setting(4, "How many are shown.", at_least=2, flags=("--shown",))


@dataclass(frozen=True, eq=False)
class Call(WithOneMore):
    """Data and options."""

    x: Any


@takes(Call)
def work(call: Call) -> int:
    """Shows some.

    Parameters
    ----------
    x : array_like
        Data.

    Returns
    -------
    int
        How many.
    """
    return call.n_shown


@documents(WithOneMore)
class Model:
    """Shows some."""

    @initialises(WithOneMore)
    def __init__(self, **parameters: Any) -> None:
        self.parameters = parameters


def test_a_field_is_a_keyword_with_its_default_and_type():
    assert (work(None), work(None, n_shown=7), work(x=None, n_shown=7)) == (4, 7, 7)
    parameter = inspect.signature(work).parameters["n_shown"]
    assert (parameter.default, parameter.annotation, parameter.kind) == (4, int, parameter.KEYWORD_ONLY)
    assert typing.get_type_hints(work)["n_shown"] is int
    assert typing.get_type_hints(work)["return"] is int
    assert Model(n_shown=3).parameters["n_shown"] == 3
    assert Model().parameters["n_shown"] == 4
    assert "n_shown" in inspect.signature(Model).parameters


def test_a_field_is_checked_and_a_slip_in_its_name_named():
    with pytest.raises(RepdiffError, match=r"^n_shown must be an integer of at least 2, but is 1$"):
        work(None, n_shown=1)
    with pytest.raises(RepdiffError, match=r"^work has no option 'n_show'; did you mean 'n_shown'\?$"):
        work(None, n_show=3)
    with pytest.raises(RepdiffError, match=r"^Model has no option 'shown'; did you mean 'n_shown'\?$"):
        Model(shown=3)


def test_a_field_is_in_the_documentation_once():
    for documented in (work, Model):
        doc = documented.__doc__ or ""
        assert doc.count("n_shown : int, default 4\n    How many are shown.\n") == 1
    assert (work.__doc__ or "").index("x : array_like") < (work.__doc__ or "").index("n_shown")
    assert (work.__doc__ or "").index("n_shown") < (work.__doc__ or "").index("Returns\n-------")


def test_a_field_is_an_option_of_the_command_line():
    got = {}

    @takes_options(Call)
    def command(place: str, *, last: bool = False, **options: Any) -> None:
        """Shows some."""
        got.update(options, place=place, last=last)

    small = typer.Typer()
    small.command()(command)
    shown = CliRunner().invoke(small, ["--help"], env={"COLUMNS": "200", "TERM": "dumb", "NO_COLOR": "1"})
    assert "How many are shown." in shown.output
    done = CliRunner().invoke(small, ["here", "--shown", "5", "--clusters", "auto"])
    assert done.exit_code == 0, done.output
    assert (got["n_shown"], got["n_clusters"], got["place"], got["gamma"]) == (5, "auto", "here", MethodSettings.gamma)
    assert "clusterer" not in got
    refused = CliRunner().invoke(small, ["here", "--shown", "1"])
    assert isinstance(refused.exception, RepdiffError)
    assert refused.exception.on_command_line == "--shown must be an integer of at least 2, but is 1"


@pytest.mark.parametrize("function", CALLS, ids=name_of)
def test_signature_and_documentation_are_those_of_the_fields(function):
    call = CALLS[function]
    parameters = inspect.signature(function).parameters
    assert list(parameters) == list(inspect.signature(call).parameters)
    doc = inspect.getdoc(function) or ""
    assert doc.count("Parameters\n----------\n") == 1
    for name, facts in settings_of(call).items():
        assert parameters[name].default is dataclass_field(call, name).default
        assert len(re.findall(rf"^{name} : ", doc, re.MULTILINE)) == 1, name
        assert facts.sentence.split()[0] in doc
    data = set(parameters) - set(settings_of(call))
    assert all(re.search(rf"^(\w+, )*{name}(, \w+)* : ", doc, re.MULTILINE) for name in data)


@pytest.mark.parametrize("function", CALLS, ids=name_of)
def test_a_misspelt_keyword_is_one_line_with_the_nearest_name(function):
    known = next(reversed(settings_of(CALLS[function])))
    with pytest.raises(RepdiffError) as caught:
        function(**{f"{known}s": 1})
    assert str(caught.value) == f"{function.__name__} has no option {known + 's'!r}; did you mean {known!r}?"


def test_the_mistake_that_was_a_bare_type_error():
    with pytest.raises(RepdiffError, match=r"^compare_series has no option 'gama'; did you mean 'gamma'\?$"):
        repdiff.compare_series(gama=0.1)
    with pytest.raises(RepdiffError, match="has no option 'zzz'; options are x, y, "):
        repdiff.compare(1, 2, zzz=1)


def test_data_that_is_lacking_is_named_by_the_function():
    with pytest.raises(TypeError, match=r"^compare: missing a required argument: 'y'"):
        repdiff.compare([1])


@pytest.mark.parametrize("command", COMMANDS)
def test_options_of_a_command_have_the_defaults_of_the_fields(command):
    call = COMMANDS[command]
    options = {one.name: one for one in typer.main.get_command(app).commands[command].params}
    of_fields = {name: facts for name, facts in settings_of(call).items() if facts.on_command_line}
    assert set(of_fields) <= set(options)
    for name, facts in of_fields.items():
        default = dataclass_field(call, name).default
        given = options[name].default
        assert (given == str(default)) if isinstance(given, str) else (given == default or default is None), name
        assert set(flags_of(name, facts)) <= set(options[name].opts), name
        assert options[name].help == facts.sentence


def test_choices_are_shown_where_an_option_has_some():
    options = inspect.signature(compare_command).parameters
    hints = typing.get_type_hints(CompareCall)
    for name in ("align", "representatives"):
        assert typing.get_origin(hints[name]) is Literal
        assert options[name].annotation.__origin__ == hints[name]
