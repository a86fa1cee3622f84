"""What is written: under names that nobody can guess, whole or not at all, through no link, over no other's files."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import repdiff
from repdiff import RepdiffError, RunError, cli
from repdiff.core import unfinished
from repdiff.core.files import written_whole
from repdiff.store.directory import written_folder

KILLS = 20


@pytest.fixture
def run(intact: dict[str, Path], tmp_path: Path) -> Path:
    without = shutil.ignore_patterns("annotations.json")  # with which a run is not overwritten
    return Path(shutil.copytree(intact["run"], tmp_path / "run", ignore=without))


def unfinished_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.endswith(".partial")]


def test_nothing_is_written_through_links_laid_out_beforehand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    # Even whoever could guess the name finds that the file is created, not opened.
    names = iter(["guessed", "another"])
    monkeypatch.setattr(unfinished.secrets, "token_hex", lambda _: next(names))
    (tmp_path / ".out.csv-guessed.partial").symlink_to(victim)
    with (
        pytest.raises(RepdiffError, match="cannot be written: File exists"),
        written_whole(tmp_path / "out.csv") as path,
    ):
        path.write_text("mine")
    assert victim.read_text() == "precious"
    with written_whole(tmp_path / "out.csv") as path:
        path.write_text("mine")
    assert (tmp_path / "out.csv").read_text() == "mine"
    assert victim.read_text() == "precious"


def test_a_link_is_replaced_and_what_it_leads_to_is_kept(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "out.csv").symlink_to("victim")
    with written_whole(tmp_path / "out.csv") as path:
        path.write_text("mine")
    assert (tmp_path / "victim").read_text() == "precious"
    assert not (tmp_path / "out.csv").is_symlink()


def test_a_device_or_a_pipe_is_not_replaced(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(tmp_path / "pipe")
    for place in ("/dev/null", str(tmp_path / "pipe")):
        assert cli.run(["export", str(run), "-o", place]) == 2
        assert "is not an ordinary file, so it is not replaced" in capsys.readouterr().err
    assert Path("/dev/null").is_char_device()


def test_a_file_is_as_readable_as_any_other(tmp_path: Path) -> None:
    (tmp_path / "ordinary").write_text("")
    with written_whole(tmp_path / "out") as path:
        path.write_text("")
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "ordinary").stat().st_mode


@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_a_killed_job_left_behind_is_removed_by_the_next(what: str, tmp_path: Path) -> None:
    open_it = f"unfinished_{what}"
    code = (
        f"import os, pathlib; from repdiff.core.unfinished import {open_it} as begin\n"
        f"with begin(pathlib.Path({str(tmp_path / 'out')!r})): os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code], check=False)
    (left,) = unfinished_in(tmp_path)
    begin = getattr(unfinished, open_it)
    with begin(tmp_path / "other"):
        assert left in unfinished_in(tmp_path)  # of another place
    with begin(tmp_path / "out") as ours:
        assert unfinished_in(tmp_path) == [ours.name]
        with begin(tmp_path / "out"):  # a job that is running is let be
            assert ours.name in unfinished_in(tmp_path)
    assert unfinished_in(tmp_path) == []


def test_what_another_left_or_named_otherwise_is_let_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = [".out-notours.partial", ".out-0123456789ab.partial.txt", "out-0123456789ab.partial"]
    for name in kept:
        (tmp_path / name).write_text("")
    (tmp_path / ".out-0123456789ab.partial").symlink_to(kept[0])
    with unfinished.unfinished_file(tmp_path / "out"):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*kept, ".out-0123456789ab.partial"])
    (tmp_path / ".out-0123456789ab.partial").unlink()
    (tmp_path / ".out-0123456789ab.partial").write_text("")
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with unfinished.unfinished_file(tmp_path / "out"):
        assert (tmp_path / ".out-0123456789ab.partial").exists()


def test_of_two_jobs_the_second_to_end_is_refused(intact: dict[str, Path], tmp_path: Path) -> None:
    comparison = repdiff.load(intact["run"])
    slow = written_folder(tmp_path / "new")
    (slow.__enter__() / "manifest.json").write_text("{}")
    comparison.save(tmp_path / "new")
    with pytest.raises(RunError, match="is a run already; choose another path, or overwrite it"):
        slow.__exit__(None, None, None)
    assert repdiff.load(tmp_path / "new").names == comparison.names
    with pytest.raises(FileExistsError):  # at the very last moment, too
        unfinished.put_in_place(intact["run"], tmp_path / "new")
    assert unfinished_in(tmp_path) == []


@pytest.mark.parametrize("at_once", [True, False])
def test_a_run_is_exchanged_for_another(
    at_once: bool, intact: dict[str, Path], run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not at_once:
        monkeypatch.setattr(unfinished, "_exchanged_at_once", lambda *_: False)
    (run / "evidence.json").unlink()
    repdiff.load(intact["run"]).save(run, overwrite=True)
    assert (run / "evidence.json").exists()
    assert unfinished_in(run.parent) == []


def test_a_run_that_was_put_aside_by_a_killed_job_comes_back(intact: dict[str, Path], tmp_path: Path) -> None:
    # Where the system cannot exchange two folders at once, a job may be killed between two renames.
    left = tmp_path / ".run-0123456789ab.partial"
    left.mkdir()
    shutil.copytree(intact["run"], left / "old")
    with unfinished.unfinished_file(tmp_path / "run"):
        pass
    assert repdiff.load(tmp_path / "run").names
    assert unfinished_in(tmp_path) == []


def test_no_run_is_written_inside_another(intact: dict[str, Path], run: Path) -> None:
    comparison = repdiff.load(intact["run"])
    for place in (run / "sub", run / "deep" / "sub"):
        with pytest.raises(RunError, match=r"lies inside the run .*; choose a path outside of it"):
            comparison.save(place)
    (run.parent / "link").symlink_to(run)
    with pytest.raises(RunError, match="lies inside the run"):
        comparison.save(run.parent / "link" / "sub")
    assert not (run / "sub").exists()


def test_a_folder_of_the_users_in_a_run_is_not_lost(intact: dict[str, Path], run: Path) -> None:
    (run / "notes").mkdir()
    (run / "notes" / "thesis.txt").write_text("precious")
    with pytest.raises(RunError, match="holds 'notes', which is not of the run and would be lost; move it"):
        repdiff.load(intact["run"]).save(run, overwrite=True)
    assert (run / "notes" / "thesis.txt").read_text() == "precious"


def test_a_path_that_a_strangers_run_names_is_not_opened(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    outside = tmp_path / "elsewhere"
    outside.mkdir()
    np.save(outside / "secret.npy", np.eye(160))
    inner = Path(shutil.move(run, tmp_path / "downloads" / "run")) if (tmp_path / "downloads").mkdir() is None else run
    monkeypatch.chdir(inner.parent)
    (inner.parent / "link.npy").symlink_to(outside / "secret.npy")
    told = json.loads((inner / "manifest.json").read_text())
    for source in (str(outside / "secret.npy"), "../elsewhere/secret.npy", "link.npy", "/dev/zero"):
        told["inputs"]["x"]["source"] = source
        (inner / "manifest.json").write_text(json.dumps(told))
        assert cli.run(["evaluate", "run"]) == 2
        assert "lies neither beside the run nor in the working folder, so it is not opened" in capsys.readouterr().err


def test_a_run_is_whole_or_absent_whenever_its_job_is_killed(intact: dict[str, Path], tmp_path: Path) -> None:
    script = Path(__file__).parents[1] / "killed_jobs.py"
    command = [sys.executable, str(script), str(intact["run"]), str(tmp_path), str(KILLS), "0"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= KILLS // 2
