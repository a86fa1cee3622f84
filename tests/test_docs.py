"""Documentation that cannot rot: its examples are run, its commands are parsed, its links and tables are checked."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import typer.main
from encoders import REQUIRED, OpenedHere, write_pictures
from PIL import Image
from scipy.spatial.distance import cdist
from small_models import write_models

import repdiff
from repdiff import cli
from repdiff.cli.app import app
from repdiff.core.errors import MissingExtraError
from repdiff.encoding.decoders import Decoders

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/*.md"))]
PAGES += sorted([*ROOT.glob("examples/*/README.md"), *ROOT.glob("studies/*/README.md")])
WITHOUT_EXAMPLES = {"reference.md", "gallery.md"}
WITH_EXAMPLES = [
    ROOT / "README.md",
    *(page for page in sorted(ROOT.glob("docs/*.md")) if page.name not in WITHOUT_EXAMPLES),
]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def name_of(value: object) -> str:
    return str(value.relative_to(ROOT)) if isinstance(value, Path) else str(value)


def python_blocks(page: Path) -> list[str]:
    return [code for language, code in BLOCK.findall(page.read_text(encoding="utf-8")) if language == "python"]


def commands(page: Path) -> list[str]:
    """Lines of blocks that begin with a command of ours, continued lines joined, comments left out."""
    blocks = [code for language, code in BLOCK.findall(page.read_text(encoding="utf-8")) if language != "python"]
    return commands_in("\n".join(blocks))


def commands_in(block: str) -> list[str]:
    lines = block.replace("\\\n", " ").splitlines()
    return [line.removeprefix("$ ").strip() for line in lines if line.removeprefix("$ ").startswith("repdiff ")]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with the files that the documentation speaks of."""
    rng = np.random.default_rng(0)
    kind = np.repeat(np.arange(4), 30)
    corners = 6 * np.eye(4, 8)
    for name, corner in (("resnet18", corners[kind]), ("dinov2", corners[kind // 2])):
        for seed in ("", "-seed2", "-seed3"):
            np.save(tmp_path / f"{name}{seed}.npy", corner + rng.normal(size=corner.shape))
    (tmp_path / "pictures").mkdir()
    names = [f"{row:03d}.png" for row in range(len(kind))]
    for row, name in enumerate(names):
        Image.new("L", (8, 6), int(kind[row]) * 60).save(tmp_path / "pictures" / name)
    frame = pd.DataFrame({"id": [f"item-{row}" for row in range(len(kind))], "image": names, "category": kind})
    np.save(
        tmp_path / "judged.npy", 1 - cdist(corners[kind], corners[kind]) / 10 - 0.01 * ~np.eye(len(kind), dtype=bool)
    )
    ids = np.array(frame["id"], dtype=str)
    np.savez(tmp_path / "dinov2-with-ids.npz", embeddings=np.load(tmp_path / "dinov2.npy"), ids=ids)
    anchor, near = np.arange(len(kind)), np.roll(np.arange(len(kind)), 1)
    judgements = [(ids[a], ids[b], ids[c]) for a, b in zip(anchor, near, strict=True) for c in (a - 40, a - 70)]
    pd.DataFrame(judgements, columns=["anchor", "near", "far"]).to_csv(tmp_path / "judgements.csv", index=False)
    epochs = {"epoch01": 0.1, "epoch10": 0.5, "epoch25": 0.8, "epoch50": 1.0}
    for name, stage in epochs.items():
        np.save(tmp_path / f"{name}.npy", stage * corners[kind] + rng.normal(size=(len(kind), 8)))
    says = {f"says {name}": np.where(rng.random(len(kind)) < stage, kind, 0) for name, stage in epochs.items()}
    frame.assign(resnet18_says=kind, dinov2_says=kind // 2, **says).to_csv(tmp_path / "items.csv", index=False)
    words = np.array(["red", "green", "blue", "apple", "leaf", "sea", "old", "new"])
    texts = [" ".join(rng.choice(words[row % 2 :: 2], 4)) for row in range(40)]
    pd.DataFrame({"id": range(40), "text": texts}).to_csv(tmp_path / "texts.csv", index=False)
    write_pictures(tmp_path / "photos", 60, names=("dog", "cat"))
    (tmp_path / "photos" / "cat" / "broken.png").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    for name in ("mymodels", "mynetworks"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return tmp_path


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_models(tmp_path_factory.mktemp("models") / "models")


# What a command with such a model needs beside what every test has.
PACKAGES = {
    "hf:": ("torch", "transformers"),
    "onnx:": ("torch", "transformers", "onnxscript", "onnxruntime"),
    "pt2:": ("torch", "transformers", "onnxscript"),
    "py:mynetworks": ("torch",),
}


def lacks(command: str) -> bool:
    """Whether a command's model needs a package that is not there; never where REPDIFF_REQUIRE_TORCH is set."""
    needed = {package for spec, packages in PACKAGES.items() if spec in command for package in packages}
    return not REQUIRED and any(importlib.util.find_spec(package) is None for package in needed)


def open_with(prepare, **options):
    """Images for models of transformers are prepared here: importing that once more takes seconds each time."""
    kind = OpenedHere if type(prepare).__module__ == "repdiff.encoding.models.hf" else Decoders
    return kind(prepare, **options)


@pytest.mark.usefixtures("demo_trained_once")
@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=name_of)
def test_examples_in_the_documentation_run(page, world, capsys, request, monkeypatch):
    """Python and commands, in the order of the page, in one folder; a run that is there makes way for the next.

    Python that begins with the name of a file goes into that file. What needs a package that is not installed is
    left out, and commands only parsed (below); in .ci/run all have to be there.
    """
    namespace: dict[str, object] = {}
    monkeypatch.setattr("repdiff.encoding.batches.Decoders", open_with)
    monkeypatch.setattr("repdiff.explorer.server.serve", lambda library, listening, token: None)  # until Ctrl-C
    monkeypatch.setattr("webbrowser.open", lambda address: True)
    if any("models/" in command and not lacks(command) for command in commands(page)):
        shutil.copytree(request.getfixturevalue("models"), "models")
    for language, code in BLOCK.findall(page.read_text(encoding="utf-8")):
        if language == "python":
            if named := re.match(r"# (\w+\.py)\n", code):
                Path(named[1]).write_text(code)
                continue
            try:
                exec(compile(code, str(page.relative_to(ROOT)), "exec"), namespace)
            except MissingExtraError:
                if REQUIRED:
                    raise
            continue
        for command in filter(lambda command: not lacks(command), commands_in(code)):
            shutil.rmtree("run" if command.startswith("repdiff compare") else "none", ignore_errors=True)
            arguments, target = re.fullmatch(r"(.*?)(?: > ([\w./-]+))?", command).groups()  # no > inside of quotes
            capsys.readouterr()
            answers = (0, 1) if command.startswith("repdiff check") else (0,)  # 1: a rule is broken
            assert cli.run(shlex.split(arguments, comments=True)[1:]) in answers, capsys.readouterr().err
            if target:
                Path(target).write_text(capsys.readouterr().out)


@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=name_of)
def test_the_pages_with_examples_have_them(page):
    assert python_blocks(page)


@pytest.mark.parametrize("command", sorted({line for page in PAGES if page.exists() for line in commands(page)}))
def test_commands_in_the_documentation_parse(command):
    arguments = shlex.split(command, comments=True)[1:]
    arguments = arguments[: next((place for place, word in enumerate(arguments) if word in (">", "|")), None)]
    group = typer.main.get_command(app)
    if arguments[0].startswith("-"):
        assert arguments[0] in {option for parameter in group.params for option in parameter.opts} | {"--help"}
        return
    with group.make_context("repdiff", arguments) as context:
        _, chosen, rest = group.resolve_command(context, arguments)
        chosen.make_context(chosen.name, list(rest), parent=context).close()  # parses, and calls nothing


def test_the_reference_has_every_public_name_once():
    named = re.findall(r"^::: repdiff\.(\w+)$", (ROOT / "docs/reference.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(named) == sorted(repdiff.__all__)


def test_make_targets_in_the_documentation_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    named = {
        target
        for page in PAGES
        if page.exists()
        for target in re.findall(r"`?\bmake ([a-z]+)\b(?=`|$|\s+#)", page.read_text(), re.M)
    }
    assert named
    assert named <= targets


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_to_files(page):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    sides = ["--model-x", "pixels", "--model-y", "pixels?size=4", "--items", str(write_pictures(folder / "pictures"))]
    assert cli.run(["compare", *sides, "-n", "2", "-o", str(folder / "run")]) == 0
    return folder / "run"


def test_the_page_on_runs_names_every_file_and_column(run):
    sections = re.split(r"^## ", (ROOT / "docs/runs.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    files = [section for section in sections if section.startswith("`")]
    pages = {section.splitlines()[0].strip("`"): set(re.findall(r"`([^`]+)`", section)) for section in files}
    assert set(pages) == {path.name for path in run.iterdir()}
    for path in run.glob("*.parquet"):
        assert set(pd.read_parquet(path).columns) <= pages[path.name]
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    nested = {key for part in ("items", "parameters", "projection", "inputs") for key in manifest[part]}
    nested |= set(manifest["inputs"]["x"]) | set(manifest["inputs"]["x"]["model"])
    assert set(manifest) | nested <= pages["manifest.json"]
    rows = re.findall(
        r"^\| `(\w+)` \|", (ROOT / "docs/runs.md").read_text().split("## `manifest.json`")[1], re.MULTILINE
    )
    assert rows == list(manifest)


def test_the_page_on_input_names_every_format():
    from repdiff.inputs.arrays import ARRAY_READERS
    from repdiff.inputs.tables import TABLE_READERS

    page = (ROOT / "docs/input.md").read_text(encoding="utf-8")
    assert [suffix for suffix in {**ARRAY_READERS, **TABLE_READERS} if f"`{suffix}`" not in page] == []


def test_the_page_on_models_names_every_kind_and_all_that_stands_beside_a_file(world):
    from repdiff.encoding.models import kinds
    from repdiff.inputs.encoded import items_path

    page = (ROOT / "docs/models.md").read_text(encoding="utf-8")
    rows = " ".join(re.findall(r"^\| (`[^|]+) \|", page.split("## Models")[1].split("###")[0], re.MULTILINE))
    assert [kind.name for kind in kinds().values() if f"`{kind.name}" not in rows] == []
    encoded = repdiff.encode("pixels", "photos", "e.npz")
    described = set(re.findall(r"`([^`]+)`", page.split("## The files")[1]))
    manifest = encoded.manifest
    assert {*manifest, *manifest["embeddings"], *manifest["items"], *manifest["model"]} <= described
    assert {*pd.read_parquet(items_path(encoded.path))} <= described
