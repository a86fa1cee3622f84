"""Annotations: written whole, never over somebody else's, and checked when they are read."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import repdiff
from repdiff import Annotations, ClusterNote, NamedSelection, RunError
from repdiff.store.annotations import ConflictError, read_annotations, replace_annotations
from repdiff.store.directory import check_target

NOTED = Annotations(
    clusters=(
        ClusterNote("x_only", 1, "Türme & <b>", ("tall", "stone"), "Two lines\nof it.", "real", False, None),
        ClusterNote("y_only", 0, decision="noise", set_aside=True),
        ClusterNote("x_only", 2, merged_into=1),
    ),
    selections=(NamedSelection("a few", ("3", "17"), "odd ones"),),
)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory, pair_xy) -> Path:
    found = repdiff.compare(*pair_xy, n_clusters=4, evidence=False)
    return found.save(tmp_path_factory.mktemp("annotated") / "run")


@pytest.fixture
def run(saved: Path) -> Path:
    for left in [*saved.glob("annotations.json"), *saved.glob(".annotations-*")]:
        left.unlink()
    return saved


def test_what_is_written_is_loaded_and_saved_elsewhere(run: Path, tmp_path: Path) -> None:
    assert repdiff.load(run).annotations == Annotations()
    assert replace_annotations(run, NOTED) == replace(NOTED, version=1)
    loaded = repdiff.load(run)
    assert loaded.annotations == replace(NOTED, version=1)
    assert loaded.annotations.of("x_only", 1).name == "Türme & <b>"
    assert loaded.annotations.name_of("x_only", 2) == "Türme & <b>"  # that of the cluster it is merged into
    assert loaded.annotations.of("x_only", 0).is_empty
    copy = loaded.save(tmp_path / "copy")
    assert repdiff.load(copy).annotations == loaded.annotations
    assert sorted(path.name for path in run.iterdir() if "annot" in path.name) == ["annotations.json"]


def test_whoever_writes_second_is_told(run: Path) -> None:
    first = replace_annotations(run, NOTED)
    with pytest.raises(ConflictError, match=r"was changed elsewhere \(version 1, not 0\); load it again"):
        replace_annotations(run, Annotations())
    assert read_annotations(run) == first
    assert replace_annotations(run, replace(first, clusters=())).version == 2


def test_of_many_writers_at_once_one_wins_each_round(run: Path) -> None:
    outcomes: list[str] = []

    def write(name: str) -> None:
        note = ClusterNote("x_only", 0, name)
        try:
            replace_annotations(run, Annotations(clusters=(note,)))
        except ConflictError:
            outcomes.append("conflict")
        else:
            outcomes.append(name)

    threads = [threading.Thread(target=write, args=(f"writer {number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = [outcome for outcome in outcomes if outcome != "conflict"]
    assert read_annotations(run).of("x_only", 0).name == winner


def test_kill_9_leaves_the_old_file_or_the_new_one(run: Path) -> None:
    replace_annotations(run, NOTED)
    script = (
        "import os, signal, sys\n"
        "from dataclasses import replace\n"
        "from pathlib import Path\n"
        "from repdiff.store.annotations import read_annotations, replace_annotations\n"
        "run = Path(sys.argv[1])\n"
        "found = replace(read_annotations(run), clusters=())\n"
        "replace_annotations(run, found, before_renaming=lambda: os.kill(os.getpid(), signal.SIGKILL))\n"
    )
    ended = subprocess.run([sys.executable, "-c", script, str(run)], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert read_annotations(run) == replace(NOTED, version=1)
    assert len(list(run.glob(".annotations.json-*.partial"))) == 1
    assert replace_annotations(run, replace(NOTED, version=1)).version == 2  # the lock went with the process
    assert list(run.glob(".annotations.json-*.partial")) == []


def test_killed_at_any_moment_the_file_is_whole(run: Path) -> None:
    script = (
        "import sys\n"
        "from dataclasses import replace\n"
        "from pathlib import Path\n"
        "from repdiff import Annotations, ClusterNote\n"
        "from repdiff.store.annotations import read_annotations, replace_annotations\n"
        "run = Path(sys.argv[1])\n"
        "found = read_annotations(run)\n"
        "print('ready', flush=True)\n"
        "while True:\n"
        "    note = ClusterNote('x_only', 0, note='n' * (9_000 + found.version % 2))\n"
        "    found = replace_annotations(run, replace(found, clusters=(note,)))\n"
    )
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", script, str(run)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        before = read_annotations(run).version
        while read_annotations(run).version < before + 20:  # which reads while it is written, too
            pass
        process.kill()
        process.wait()
        process.stdout.close()
        found = read_annotations(run)
        assert len(found.of("x_only", 0).note) == 9_000 + (found.version - 1) % 2


PLAIN: dict[str, Any] = {
    "format": "repdiff annotations", "schema_version": 1, "version": 3, "clusters": [], "selections": [],
}  # fmt: skip


def with_cluster(**facts: Any) -> dict[str, Any]:
    return {**PLAIN, "clusters": [{"direction": "x_only", "index": 0, **facts}]}


@pytest.mark.parametrize(
    ("plain", "words"),
    [
        ([], "is not a file of annotations"),
        ({**PLAIN, "format": "other"}, "is not a file of annotations"),
        ({**PLAIN, "schema_version": 2}, "has schema version 2, but this repdiff reads 1; upgrade repdiff"),
        ({**PLAIN, "version": -1}, "version must be 0 or more"),
        ({**PLAIN, "version": "3"}, "must be a whole number"),
        ({**PLAIN, "clusters": 5}, "must be a list"),
        (with_cluster(index=4), "cluster 4 of x_only does not exist; there are 4"),
        (with_cluster(index=-1), "does not exist"),
        (with_cluster(direction="z"), "must be one of"),
        (with_cluster(name="n" * 201), "has 201 characters, but may have 200"),
        (with_cluster(name="a\nb"), "control character"),
        (with_cluster(name="\ud800"), "must be Unicode text"),
        (with_cluster(tags=["ok", " "]), "empty tag"),
        (with_cluster(tags=["t"] * 51), "has 51 tags"),
        (with_cluster(decision="maybe"), "must be one of"),
        (with_cluster(merged_into=0), "in a circle"),
        (with_cluster(merged_into=4), "is merged into 4, which does not exist"),
        ({**PLAIN, "clusters": with_cluster()["clusters"] * 2}, "comes twice"),
        ({**PLAIN, "selections": [{"name": "s", "items": ["no such"]}]}, "which is not an item"),
        ({**PLAIN, "selections": [{"name": "s", "items": ["1", "1"]}]}, "none twice"),
        ({**PLAIN, "selections": [{"name": " ", "items": ["1"]}]}, "must have a name of its own"),
        ({**PLAIN, "selections": [{"name": "s", "items": ["1"]}] * 2}, "must have a name of its own"),
    ],
)
def test_a_tampered_file_is_one_line(run: Path, plain: Any, words: str) -> None:
    (run / "annotations.json").write_text(json.dumps(plain))
    with pytest.raises(RunError) as caught:
        repdiff.load(run)
    assert words in str(caught.value)
    assert "annotations.json" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"version": 1e999}'])
def test_bytes_that_are_no_json_are_one_line(run: Path, content: bytes) -> None:
    (run / "annotations.json").write_bytes(content)
    with pytest.raises(RunError, match=r"annotations\.json: is "):
        repdiff.load(run)


def test_links_are_neither_read_nor_followed(run: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.json"
    elsewhere.write_text(json.dumps(PLAIN))
    (run / "annotations.json").symlink_to(elsewhere)
    with pytest.raises(RunError, match="is a link, which is not followed"):
        replace_annotations(run, replace(NOTED, version=3))
    assert elsewhere.read_text() == json.dumps(PLAIN)


def test_unknown_fields_of_later_versions_are_ignored(run: Path) -> None:
    (run / "annotations.json").write_text(json.dumps({**with_cluster(name="n", colour="red"), "more": 1}))
    assert repdiff.load(run).annotations.of("x_only", 0).name == "n"


def test_overwriting_does_not_lose_names(run: Path) -> None:
    check_target(run, overwrite=True)
    replace_annotations(run, NOTED)
    with pytest.raises(RunError, match=r"names and notes that overwriting would lose; move annotations\.json away"):
        check_target(run, overwrite=True)


def test_a_folder_that_cannot_be_written_is_one_line(run: Path) -> None:
    if os.geteuid() == 0:
        with pytest.raises(RunError, match="cannot be written"):
            replace_annotations(run / "no such folder", NOTED)
        return
    run.chmod(0o500)
    try:
        with pytest.raises(RunError, match="cannot be written"):
            replace_annotations(run, NOTED)
    finally:
        run.chmod(0o755)


def test_exports_carry_what_people_said(run: Path) -> None:
    written = replace_annotations(run, NOTED)
    frame = written.to_frame(repdiff.load(run).to_frame())
    ours = frame[frame["x_only"] == 1]
    assert set(ours["x_only_name"]) == {"Türme & <b>"}
    assert set(ours["x_only_tags"]) == {"tall, stone"}
    assert set(ours["x_only_decision"]) == {"real"}
    assert set(frame.loc[frame["x_only"] == 2, "x_only_name"]) == {"Türme & <b>"}
    assert list(frame.loc[frame["selections"] == "a few", "id"]) == ["3", "17"]
    own = repdiff.load(run).to_frame().assign(selections="mine")
    both = written.to_frame(own)
    assert set(both["selections"]) == {"mine"}
    assert list(both.loc[both["annotated_selections"] == "a few", "id"]) == ["3", "17"]
    assert isinstance(frame, pd.DataFrame)
    assert list(Annotations().to_frame(frame)) == list(frame)
