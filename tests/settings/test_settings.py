"""What each option may be: the same for every function and command that takes it."""

from __future__ import annotations

import dataclasses
import inspect
import math
from typing import Any

import numpy as np
import pytest

import repdiff
from repdiff import DifferenceClustering, RepdiffError
from repdiff.affinity.engines import _ON_CPU, _ON_DEVICE, engine_of
from repdiff.cli import run
from repdiff.settings import ENGINES, EstimatorOptions, EvidenceSettings, MethodSettings, Settings
from repdiff.settings import calls as all_calls
from repdiff.settings.fields import SettingsGroup, flags_of, settings_of

COMPARING = ("compare", "compare_series", "compare_matrix")
X, Y = np.random.default_rng(0).normal(size=(2, 30, 4))

# Each entry point by what it makes of options; whatever is wrong with them must be said before it reads any data.
PLACES = {
    "compare": lambda **options: repdiff.compare(X, Y, **options),
    "compare_series": lambda **options: repdiff.compare_series([X], Y, **options),
    "compare_matrix": lambda **options: repdiff.compare_matrix([X, Y], **options),
    "DifferenceClustering": lambda **options: DifferenceClustering(**options).fit(X, Y),
    "Settings": Settings,
}
MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"gamma": -1}, "gamma must be a positive number, but is -1"),
    ({"gamma": 0}, "gamma must be a positive number, but is 0"),
    ({"gamma": math.nan}, "gamma must be a positive number, but is nan"),
    ({"gamma": math.inf}, "gamma must be a positive number, but is inf"),
    ({"gamma": "0.1"}, "gamma must be a positive number, but is '0.1'"),
    ({"gamma": None}, "gamma must be a positive number, but is None"),
    ({"gamma": True}, "gamma must be a positive number, but is True"),
    (
        {"beta": 200},
        "beta must be a positive number of at most 40, since exp(beta) has to fit into a float, but is 200",
    ),
    ({"no_change_threshold": math.nan}, "no_change_threshold must be a positive number, but is nan"),
    ({"n_clusters": 2.5}, "n_clusters must be an integer of at least 1"),
    ({"n_clusters": True}, "n_clusters must be an integer of at least 1"),
    ({"n_clusters": 0}, "n_clusters must be an integer of at least 1"),
    ({"n_clusters": "many"}, "n_clusters must be an integer of at least 1"),
    ({"n_representatives": 0}, "n_representatives must be an integer of at least 1, but is 0"),
    ({"representatives": "best"}, "representatives must be one of typical, spread, border, but is 'best'"),
    (
        {"clusterer": "dbscan"},
        "clusterer must be \"spectral\", a scikit-learn estimator or a callable, but is 'dbscan'",
    ),
    (
        {"engine": "quantum"},
        f"engine must be one of {', '.join(ENGINES)}, or an engine with plan and compute, but is 'qua",
    ),
    ({"engine": 3}, f"engine must be one of {', '.join(ENGINES)}, or an engine with plan and compute, but is 3"),
    ({"device": 0}, "device must be text, or None, but is 0"),
    ({"memory_limit": "lots"}, "memory_limit must be a positive size such as 4GB or 512MiB, or None, but is 'lots'"),
    ({"memory_limit": -1}, "memory_limit must be a positive size such as 4GB or 512MiB, or None, but is -1"),
    ({"device_memory_limit": "0GB"}, "device_memory_limit must be a positive size such as 4GB or 512MiB, or None, but"),
    ({"n_jobs": 0}, "n_jobs must be a positive number of threads, at most 1,024, or -1 for all cores, or None, but"),
    ({"n_jobs": 1.5}, "n_jobs must be a positive number of threads, at most 1,024, or -1 for all cores, or None, but"),
    ({"random_state": -1}, "random_state must be an integer of at least 0, or None, but is -1"),
    ({"random_state": 0.5}, "random_state must be an integer of at least 0, or None, but is 0.5"),
]
OF_PAIRS: list[tuple[dict[str, Any], str]] = [
    ({"metric": "manhattan"}, "metric must be one of euclidean, cosine, precomputed"),
    ({"evidence": "yes"}, "evidence must be True or False, but is 'yes'"),
    ({"n_resamples": 0}, "n_resamples must be an integer of at least 1, but is 0; evidence=False turns all of it off"),
    ({"label": 3}, "label must be text, or None, but is 3"),
    ({"within": 3}, "within must be text, or None, but is 3"),
    ({"n_clusters": "auto", "clusterer": len}, "works with the spectral clusterer only; give a number of clusters"),
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("options", "says"), MISTAKES, ids=str)
def test_a_value_that_is_not_allowed_is_one_line(place, options, says):
    with pytest.raises(RepdiffError) as caught:
        PLACES[place](**options)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("place", COMPARING)
@pytest.mark.parametrize(("options", "says"), OF_PAIRS, ids=str)
def test_what_only_comparisons_take_is_checked_too(place, options, says):
    with pytest.raises(RepdiffError) as caught:
        PLACES[place](**options)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("call", "options", "says"),
    [
        (repdiff.compare, {"align": "affine"}, "align must be one of none, procrustes, linear, cka, but is 'affine'"),
        (repdiff.compare, {"align_effect": True}, "align is 'none'; choose an alignment"),
        (repdiff.compare, {"names": ("a",)}, "names must be a pair, or None, but is ('a',)"),
        (repdiff.compare, {"metric": ("cosine",)}, "or a pair of these, but is ('cosine',)"),
        (repdiff.evaluate, {"n_groups": 2.5}, "n_groups must be an integer of at least 1, or a pair of these"),
        (repdiff.evaluate, {"random_state": None}, "random_state must be an integer of at least 0, but is None"),
        (repdiff.evaluate, {"held_out": 1}, "held_out must be True or False, but is 1"),
        (repdiff.align, {"test_share": 1}, "test_share must be a positive number below 1, but is 1"),
        (repdiff.align, {"method": "affine"}, "method must be one of none, procrustes, linear, cka"),
        (repdiff.similarity, {"n_neighbors": 0}, "n_neighbors must be an integer of at least 1, but is 0"),
    ],
)
def test_options_of_one_function_are_checked(call, options, says):
    with pytest.raises(RepdiffError) as caught:
        call(X, Y, **options)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {"n_clusters": np.int64(3), "gamma": np.float32(0.2), "beta": 5, "random_state": None},
        {"n_clusters": "auto", "memory_limit": 4e9, "n_jobs": -1},
        {"memory_limit": "512MiB", "clusterer": lambda affinity: np.zeros(len(affinity), int), "beta": 40},
    ],
    ids=lambda options: "-".join(options),  # a function's own name would differ between processes
)
def test_what_is_allowed_is_taken_as_it_is(options):
    settings = Settings(**options)
    assert {name: getattr(settings, name) for name in options} == options


def test_an_object_with_plan_and_compute_is_an_engine():
    engine = engine_of("exact")
    assert Settings(engine=engine).engine is engine


def test_the_names_of_engines_are_those_of_the_registry():
    assert {*_ON_CPU, *_ON_DEVICE} == set(ENGINES)


def test_the_estimator_is_not_checked_before_fit():
    model = DifferenceClustering(gamma=-1)
    assert model.get_params()["gamma"] == -1
    assert model.set_params(gamma=0.2, n_clusters=2).fit(X, Y).labels_.shape == (30,)


GROUPS = [
    group
    for group in vars(all_calls).values()
    if isinstance(group, type) and issubclass(group, SettingsGroup) and group is not SettingsGroup
]


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.__name__)
def test_every_option_has_a_sentence_and_a_default_that_is_allowed(group):
    found = settings_of(group)
    assert found
    data = {one.name: None for one in dataclasses.fields(group) if one.default is dataclasses.MISSING}
    group(**data)  # the defaults pass their own check
    assert [name for name, facts in found.items() if not facts.sentence.endswith(".")] == []
    undocumented = {one.name for one in dataclasses.fields(group)} - set(found) - set(data)
    assert undocumented == set()


def test_one_option_has_one_spelling_on_the_command_line():
    spelt: dict[str, set[str]] = {}
    for group in GROUPS:
        for name, facts in settings_of(group).items():
            for flag in flags_of(name, facts) if facts.on_command_line else ():
                spelt.setdefault(flag, set()).add(name)
    assert {flag: names for flag, names in spelt.items() if len(names) > 1} == {}


DEFAULT_OF = {
    repdiff.rank_difference: {"gamma": MethodSettings.gamma},
    repdiff.difference_affinity: {"beta": MethodSettings.beta},
    repdiff.cluster_affinity: {"n_clusters": MethodSettings.n_clusters, "clusterer": MethodSettings.clusterer},
}


@pytest.mark.parametrize("function", DEFAULT_OF, ids=lambda function: function.__name__)
def test_pure_functions_have_the_defaults_of_the_method(function):
    parameters = inspect.signature(function).parameters
    assert {name: parameters[name].default for name in DEFAULT_OF[function]} == DEFAULT_OF[function]


def test_evidence_is_taken_of_one_comparison_and_not_of_many():
    default = {name: inspect.signature(getattr(repdiff, name)).parameters["evidence"].default for name in COMPARING}
    assert default == {"compare": True, "compare_series": False, "compare_matrix": False}
    assert EvidenceSettings.evidence is True


def test_the_estimator_has_the_method_s_options():
    assert set(settings_of(MethodSettings)) < set(settings_of(EstimatorOptions))
    assert set(DifferenceClustering().get_params()) == set(settings_of(EstimatorOptions))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--gamma", "nan"], "--gamma must be a positive number, but is nan"),
        (["--beta", "200"], "--beta must be a positive number of at most 40"),
        (["-n", "2.5"], "--clusters must be an integer of at least 1, or \"auto\", but is '2.5'"),
        (["--threshold", "0"], "--threshold must be a positive number, but is 0.0"),
        (["--engine", "quantum"], f"--engine must be one of {', '.join(ENGINES)}"),
        (["--resamples", "0"], "--resamples must be an integer of at least 1, but is 0"),
        (["--seed", "-1"], "--seed must be an integer of at least 0, but is -1"),
        (["--jobs", "0"], "--jobs must be a positive number of threads"),
    ],
)
@pytest.mark.parametrize("command", ["compare", "series", "matrix"])
def test_commands_say_the_same_by_the_names_of_their_options(command, options, says, capsys):
    more = ["--reference", "no.npy"] if command == "series" else []
    assert run([command, "no.npy", "no.npy", *more, "-o", "none", *options]) == 2
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1
