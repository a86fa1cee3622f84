"""Frozen data to JSON and back, with every type checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from repdiff.core.plain import from_plain, to_plain
from repdiff.results.clusters import DifferenceCluster
from repdiff.store.tables import row_of, schema_of, value_of


@dataclass(frozen=True)
class Part:
    name: str
    share: float


@dataclass(frozen=True)
class Whole:
    code: Literal["a", "b"]
    count: int
    parts: tuple[Part, ...]
    range: tuple[float, float] | None
    numbers: Mapping[str, int]
    sure: bool = True
    more: Part | None = None
    asked: int | Literal["auto"] = "auto"
    anything: Any = None
    told: Mapping[str, Part] = field(default_factory=dict)


WHOLE = Whole("a", 3, (Part("x", 0.5), Part("y", 1.0)), (0.0, 1.0), {"k": 2}, more=Part("z", 0.1), asked=7,
              told={"p": Part("q", 2.0)})  # fmt: skip


def plain(**changes: Any) -> dict[str, Any]:
    return json.loads(json.dumps(to_plain(WHOLE))) | changes


def test_there_and_back_is_the_same() -> None:
    assert from_plain(Whole, plain()) == WHOLE
    assert to_plain(Whole("a", np.int64(3), (), None, {}))["count"] == 3


def test_a_whole_number_may_stand_for_a_float_and_becomes_one() -> None:
    share = from_plain(Whole, plain(more={"name": "z", "share": 1})).more.share
    assert (type(share), share) == (float, 1.0)


def test_what_has_a_default_may_be_missing_and_what_is_unknown_is_passed_over() -> None:
    told = plain(of_a_later_version=1)
    del told["sure"], told["told"], told["asked"]
    assert from_plain(Whole, told) == Whole(**{**vars(WHOLE), "told": {}, "asked": "auto"})


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"code": "c"}, "Whole.code must be one of 'a', 'b', but is 'c'"),
        ({"count": "3"}, "Whole.count must be a whole number, but is '3'"),
        ({"count": 3.0}, "Whole.count must be a whole number, but is 3.0"),
        ({"count": True}, "Whole.count must be a whole number, but is True"),
        ({"sure": 1}, "Whole.sure must be true or false, but is 1"),
        ({"parts": {}}, "Whole.parts must be a list, but is {}"),
        ({"parts": [{"name": "x"}]}, "Whole.parts[0] has no 'share'"),
        ({"parts": [{"name": "x", "share": None}]}, "Whole.parts[0].share must be a number, but is None"),
        ({"range": [1.0]}, "Whole.range must be a list of 2, but is [1.0]"),
        ({"numbers": {"k": "v"}}, "Whole.numbers.k must be a whole number, but is 'v'"),
        ({"numbers": 1}, "Whole.numbers must be an object, but is 1"),
        ({"asked": "all"}, "Whole.asked must be a whole number or 'auto', but is 'all'"),
        ({"more": "x" * 99}, "Whole.more must be an object, but is 'xxxxx"),
    ],
)
def test_every_other_type_is_refused_and_named(changes: dict[str, Any], says: str) -> None:
    with pytest.raises((TypeError, LookupError)) as caught:
        from_plain(Whole, plain(**changes))
    assert says in str(caught.value)
    assert len(str(caught.value)) < 120


def test_bytes_that_are_no_text_become_escapes() -> None:
    told = to_plain({"a \udcff": ["b \udcfe", "ü"]})
    assert told == {"a \\udcff": ["b \\udcfe", "ü"]}
    json.dumps(told, ensure_ascii=False).encode("utf-8")


def test_what_no_file_can_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        to_plain(Part("x", float("nan")))


@dataclass(frozen=True)
class Row:
    index: int
    rows: npt.NDArray[np.int64]
    counts: Mapping[str, int]
    share: float | None
    added: float | None = None


def test_the_fields_of_a_dataclass_are_the_columns_of_its_table() -> None:
    schema = schema_of(Row)
    assert schema.field("rows").type == pa.list_(pa.int64())
    assert schema.field("share").type == schema.field("added").type == pa.float64()
    one = Row(1, np.array([3, 1]), {"b": 2, "a": 1}, None, 0.25)
    (row,) = pa.Table.from_pylist([row_of(one, schema)], schema=schema).to_pylist(maps_as_pydicts="strict")
    again = value_of(Row, row, "rows")
    np.testing.assert_array_equal(again.rows, one.rows)
    assert (list(again.counts.items()), again.share, again.added) == ([("b", 2), ("a", 1)], None, 0.25)
    del row["added"]
    assert value_of(Row, row, "rows").added is None
    del row["share"]
    with pytest.raises(LookupError, match="rows has no 'share'"):
        value_of(Row, row, "rows")


def test_every_field_of_a_cluster_has_a_column_but_what_stands_elsewhere() -> None:
    fields = set(DifferenceCluster.__dataclass_fields__)
    assert set(schema_of(DifferenceCluster, without=("items", "evidence")).names) == fields - {"items", "evidence"}
