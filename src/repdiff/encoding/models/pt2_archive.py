"""A file of ``torch.export.save`` -> the same program without anything that runs code when it is loaded.

``torch.export.load`` unpickles weights and sample inputs, evaluates symbolic expressions with Python, writes names into
Python source, imports modules that a tree names, and resolves the target of a node to any function of torch. So the
archive is read here, each of these is compared with a list of what is allowed, and torch is handed a copy that holds
what was checked and nothing else.
"""

from __future__ import annotations

import ast
import io
import json
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from repdiff.core.errors import InputError
from repdiff.inputs.claims import check_claim
from repdiff.inputs.wording import few

_MODEL, _SAMPLES = "models/model.json", "data/sample_inputs/model.pt"
_TABLES = ("data/weights/model_weights_config.json", "data/constants/model_constants_config.json")
_PLAIN_PARTS = ("archive_format", "archive_version", "byteorder", ".data/version", ".data/serialization_id")
_RECORD = re.compile(r"data/(weights/weight|constants/tensor)_\d+")
_RECORD_NAME = re.compile(r"(weight|tensor)_\d+")
_NAME = re.compile(r"[\w.@+-]*", re.ASCII)  # can be no more than a name in the source that torch writes
_STACK = re.compile(r"[\w.@+,;'\[\]()<> -]*", re.ASCII)  # L['self'].body,body,torch.nn.modules...;
_TARGET = re.compile(
    r"torch\.ops\.(aten|prims|torchvision)\.(?!__)\w+\.(?!__)\w+"
    r"|torch\.ops\.higher_order\.(wrap_with_set_grad_enabled|wrap_with_autocast|cond)"
    r"|_operator\.(add|sub|mul|truediv|floordiv|mod|neg|pos|abs|eq|ne|lt|le|gt|ge|and_|or_|not_|getitem)"
    r"|math\.(ceil|floor|trunc|sqrt)"
    r"|torch\.sym_(int|float|max|min|not|ite|sum)",
    re.ASCII,
)
# Texts that operators take; the name of a file is none of them.
_WORDS = frozenset({
    "none", "tanh", "floor", "trunc", "mean", "sum", "zeros", "border", "reflection", "reflect", "replicate",
    "circular", "constant", "nearest", "bilinear", "bicubic", "linear", "trilinear", "area", "ij", "xy",
    "right", "left", "cpu", "cuda", "mps",
})  # fmt: skip
_TELLING = re.compile(r"torch\.ops\.aten\._assert_(async|scalar|tensor_metadata)\.\w+")  # their text is shown only
_CONTAINERS = ("builtins.tuple", "builtins.list", "builtins.dict", "collections.OrderedDict")
_FUNCTIONS = frozenset({
    "Symbol", "Integer", "Float", "Rational", "Add", "Mul", "FloorDiv", "CleanDiv", "CeilDiv", "Mod",
    "PythonMod", "ModularIndexing", "Min", "Max", "IntTrueDiv", "FloatTrueDiv", "ToFloat", "TruncToInt",
    "RoundToInt", "CeilToInt", "FloorToInt", "Eq", "Ne", "Gt", "Ge", "Lt", "Le", "And", "Or", "Not", "Where",
    "Identity", "Abs",
})  # fmt: skip
_SYMBOL = re.compile(r"[a-z]\d*|[su][a-z0-9]*\d+|oo|int_oo", re.ASCII)
_MOST_EXPRESSION = 2000  # characters
_EXPRESSION_NODES = (
    ast.Expression, ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.UnaryOp, ast.USub,
    ast.Compare, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Call, ast.Name, ast.Load, ast.Constant,
    ast.keyword,
)  # fmt: skip


def checked_archive(path: Path) -> io.BytesIO:
    """A copy of the archive that is safe to hand to ``torch.export.load``.

    Raises
    ------
    InputError
        Where it holds more than names, numbers, known operators and plain tensors, or is of an older layout.
    """
    what = f"pt2:{path}"
    with zipfile.ZipFile(path) as archive:
        parts = _parts(archive, path, what)
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as copy:
            for name, info in parts.items():
                copy.writestr(f"model/{name}", _safe(name, archive, info, parts, what))
            copy.writestr(f"model/{_SAMPLES}", b"")  # torch asks for them, and would unpickle them
    made.seek(0)
    return made


def _parts(archive: zipfile.ZipFile, path: Path, what: str) -> dict[str, zipfile.ZipInfo]:
    """The members that are needed, by their name below the archive's own folder."""
    members = archive.infolist()
    check_claim(what, sum(info.file_size for info in members), path.stat().st_size)
    parts = {info.filename.partition("/")[2]: info for info in members}
    if len(parts) < len(members):
        raise InputError(f"{what}: holds two parts of one name, so it is not a file that torch.export saved")
    if "serialized_exported_program.json" in {info.filename for info in members}:
        raise InputError(f"{what}: was saved by torch before 2.8, whose weights are pickled; export it again")
    missing = [name for name in (_MODEL, *_TABLES, "archive_version") if name not in parts]
    if missing:
        raise InputError(f"{what}: has no part {missing[0]}, so it is not a model that torch.export.save of 2.8 wrote")
    wanted = (_MODEL, *_TABLES, *_PLAIN_PARTS)
    return {name: info for name, info in parts.items() if name in wanted or _RECORD.fullmatch(name)}


def _safe(
    name: str, archive: zipfile.ZipFile, info: zipfile.ZipInfo, parts: Mapping[str, zipfile.ZipInfo], what: str
) -> bytes:
    data = archive.read(info)
    if name == _MODEL:
        return json.dumps(_Program(what).safe(json.loads(data))).encode()
    if name in _TABLES:
        _check_table(json.loads(data), name.rpartition("/")[0], parts, what)
    return data


def _check_table(table: Any, folder: str, parts: Mapping[str, zipfile.ZipInfo], what: str) -> None:
    """Refuse weights that are not plain tensors in the archive."""
    for name, facts in table["config"].items():
        _check_name(name, what)
        record = facts["path_name"]
        if facts["use_pickle"] is not False or not _RECORD_NAME.fullmatch(record):
            raise InputError(
                f"{what}: {few([name], quoted=True)} is saved by pickle, which can run code and is never read; export "
                "the model with plain tensors, or load it yourself and hand it over with py:"
            )
        info, sizes = parts.get(f"{folder}/{record}"), facts["tensor_meta"]["sizes"]
        if info is None or (not info.file_size and all(size.get("as_int") != 0 for size in sizes)):
            raise InputError(f"{what}: has no values of {few([name], quoted=True)}; save it again")


class _Program:
    """Checks the description of a program."""

    def __init__(self, what: str) -> None:
        self._what = what

    def safe(self, program: dict[str, Any]) -> dict[str, Any]:
        """The program without what is not needed; everything that is left has been checked."""
        graph = program["graph_module"]
        kept = {
            **program,
            "guards_code": [],  # Python, which torch would run; it checks the shapes of inputs only
            "graph_module": {**graph, "metadata": {}, "treespec_namedtuple_fields": {}},
        }
        kept["graph_module"]["module_call_graph"] = [self._call(entry) for entry in graph["module_call_graph"]]
        kept["torch_version"] = ""
        return {str(key): self._value(value, str(key)) for key, value in kept.items()}

    def _value(self, value: Any, key: str) -> Any:
        """A value of JSON under this key, checked."""
        if isinstance(value, dict):
            if "target" in value and "inputs" in value:
                return self._node(value)
            for name in value:
                _check_name(name, self._what)
            return {name: self._value(one, name) for name, one in value.items()}
        if isinstance(value, list):
            return [self._value(one, key) for one in value]
        if isinstance(value, str):
            self._text(value, key)
        return value

    def _text(self, text: str, key: str) -> None:
        if key == "expr_str":
            check_expression(text, self._what)
        elif key in ("in_spec", "out_spec"):
            self._tree(json.loads(text))
        elif key == "as_operator":
            self._target(text)
        elif key in ("as_string", "as_strings"):
            if text not in _WORDS:
                raise self._refused(f"the text {few([text], quoted=True)} for an operator")
        else:
            _check_name(text, self._what)

    def _node(self, node: dict[str, Any]) -> dict[str, Any]:
        target = node["target"]
        self._target(target)
        inputs = node["inputs"]
        if _TELLING.fullmatch(target):
            inputs = [one for one in inputs if "as_string" not in one["arg"]]
        stack = str(node.get("metadata", {}).get("nn_module_stack", ""))
        if not _STACK.fullmatch(stack):
            raise self._refused(f"the module {few([stack], quoted=True)}")
        kept = {**node, "inputs": inputs, "metadata": {}, "target": ""}
        checked: dict[str, Any] = {name: self._value(value, name) for name, value in kept.items()}
        return {**checked, "target": target, "metadata": {"nn_module_stack": stack} if stack else {}}

    def _target(self, target: Any) -> None:
        if not isinstance(target, str) or not _TARGET.fullmatch(target):
            raise self._refused(f"the operator {few([target], quoted=True)}")

    def _call(self, entry: dict[str, Any]) -> dict[str, Any]:
        """An entry of the call graph; unflattening reads the names of modules and the trees of their inputs."""
        return {"fqn": entry["fqn"], "signature": entry["signature"]}

    def _tree(self, tree: Any) -> None:
        """Check how inputs and outputs are nested; other containers are made by code that the file names."""
        waiting = list(tree[1:])
        while waiting:
            node = waiting.pop()
            kind, context = node["type"], node["context"]
            if kind is None:
                continue
            if kind not in _CONTAINERS:
                raise self._refused(f"a {few([kind])} of tensors")
            keys = json.loads(context) if isinstance(context, str) else context
            if keys is not None and not (isinstance(keys, list) and all(isinstance(one, str | int) for one in keys)):
                raise self._refused(f"a {kind} whose keys are not names")
            for one in keys or ():
                _check_name(str(one), self._what)
            waiting += node["children_spec"]

    def _refused(self, part: str) -> InputError:
        return InputError(
            f"{self._what}: holds {part}, which is not known to be harmless, so it is not run; load the model yourself "
            "and hand it over with py:"
        )


def check_expression(text: str, what: str) -> None:
    """Refuse an expression that is more than arithmetic on sizes; sympy would evaluate it as Python.

    Raises
    ------
    InputError
        Where it is.
    """
    refused = InputError(
        f"{what}: holds the expression {few([text], quoted=True)}, which is no arithmetic on sizes, so it is not read"
    )
    if len(text) > _MOST_EXPRESSION:
        raise refused
    try:
        nodes = list(ast.walk(ast.parse(text, mode="eval")))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise refused from None
    called = {id(node.func): node for node in nodes if isinstance(node, ast.Call)}
    for node in nodes:
        fine = isinstance(node, _EXPRESSION_NODES)
        if isinstance(node, ast.Call):
            fine = isinstance(node.func, ast.Name) and node.func.id in _FUNCTIONS
        elif isinstance(node, ast.Name):
            fine = id(node) in called or _SYMBOL.fullmatch(node.id) is not None
        elif isinstance(node, ast.Constant):
            fine = _is_plain(node.value)
        if not fine:
            raise refused


def _is_plain(value: object) -> bool:
    if isinstance(value, str):
        return re.fullmatch(r"[A-Za-z]\w*", value, re.ASCII) is not None
    return isinstance(value, bool) or (isinstance(value, int | float) and abs(value) < 1 << 63)


def _check_name(name: str, what: str) -> None:
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{what}: holds the name {few([name], quoted=True)}, which is none of torch.export; save it again"
        )
