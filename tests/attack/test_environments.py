"""Where repdiff is installed and how it is called: one line, nothing half-written, and the right exit code."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import odd_environments
import pytest
from odd_environments import Environment

import repdiff
from repdiff import RepdiffError, cli
from repdiff.core import kernels


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return odd_environments.prepare(tmp_path_factory.mktemp("environments") / "work")


@pytest.mark.parametrize("environment", odd_environments.QUICK, ids=lambda one: one.name)
def test_a_command_succeeds_or_says_why_and_leaves_nothing(environment: Environment, folder: Path) -> None:
    assert odd_environments.problem(environment, folder) == ""


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        (Environment("traceback", "echo 'Traceback (most' >&2; exit 2", codes=(2,)), "a traceback"),
        (Environment("two lines", "echo x >&2; exit 2", codes=(2,)), "which is not one line"),
        (Environment("half", "mkdir run; echo 'repdiff: error: x' >&2; exit 2", codes=(2,)), "failed, but left run"),
        (Environment("nothing", "true"), "but run is missing"),
        (Environment("cut short", "mkdir run"), "but run is damaged"),
        (Environment("litter", "cp -r made run; touch run/report.html litter"), "is damaged"),
        (Environment("killed", "kill -9 $$"), "exit code -9"),
    ],
    ids=lambda one: getattr(one, "name", ""),
)
def test_what_is_wrong_would_be_seen(environment: Environment, says: str, folder: Path) -> None:
    assert says in odd_environments.problem(environment, folder)


def bare(tmp_path: Path, cache: str) -> subprocess.CompletedProcess[str]:
    """A kernel of a module in a folder that takes no files, called by a process without a home."""
    code = "from repdiff.core.kernels import kernel\n@kernel(nogil=True)\ndef double(x):\n    return 2 * x\n"
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "some.py").write_text(code)
    (tmp_path / "package" / "__pycache__").write_text("")
    path = os.pathsep.join([str(tmp_path / "package"), *sys.path])
    return subprocess.run(
        [sys.executable, "-c", "import some; print(some.double(21), some.double.stats.cache_path)"],
        env={**os.environ, "PYTHONPATH": path, "HOME": "/dev/null", "TMPDIR": cache, "XDG_CACHE_HOME": "/dev/null"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_kernels_are_kept_in_a_temporary_folder_of_the_user_where_nothing_else_can_be_written(tmp_path: Path) -> None:
    done = bare(tmp_path, str(tmp_path))
    assert done.stderr == ""
    assert done.stdout.startswith(f"42 {tmp_path}/repdiff-numba-")
    (own,) = tmp_path.glob("repdiff-numba-*")
    assert own.stat().st_mode & 0o777 == 0o700
    assert list(own.rglob("*.nbi"))


def test_code_is_not_loaded_from_a_folder_that_others_can_write_to(tmp_path: Path) -> None:
    laid_out = tmp_path / f"repdiff-numba-{os.geteuid()}"
    laid_out.mkdir()
    laid_out.chmod(0o777)
    done = bare(tmp_path, str(tmp_path))
    assert done.stderr == ""
    assert done.stdout == "42 None\n"
    assert list(laid_out.iterdir()) == []


def test_every_kernel_that_is_kept_on_disk_can_do_without() -> None:
    package = Path(repdiff.__file__).parent
    sources = {path.relative_to(package).as_posix(): path.read_text("utf-8") for path in package.rglob("*.py")}
    assert [name for name, text in sources.items() if re.search(r"""cache=True|"cache": True""", text)] == [
        "core/kernels.py"
    ]


def test_a_cache_that_is_damaged_or_on_a_full_disk_stops_nothing() -> None:
    class Broken:
        cache_path = "somewhere"

        def load_overload(self, *_: object) -> None:
            raise EOFError

        def save_overload(self, *_: object) -> None:
            raise OSError(28, "No space left on device")

    cache = kernels._ForgivingCache(Broken())
    assert cache.load_overload("signature", "context") is None
    cache.save_overload("signature", "data")
    assert cache.cache_path == "somewhere"


def test_a_kernel_that_may_not_be_compiled_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels.config, "DISABLE_JIT", 1)
    with pytest.raises(RepdiffError, match=r"\(NUMBA_DISABLE_JIT\).*; unset it"):
        kernels.kernel()(abs)(1)


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OSError(24, "Too many open files", "x.npy"), "x.npy: Too many open files; raise the limit"),
        (OSError(28, "No space left on device"), "the output: No space left on device; make room"),
        (PermissionError(13, "Permission denied", "/run"), "/run: Permission denied; check the path"),
        (RuntimeError("can't start new thread"), "no more threads can be started; give fewer with --jobs"),
        (
            RuntimeError("CUDA out of memory. Tried to allocate 9.31 GiB"),
            "the memory of the device ran out; give",
        ),
        (MemoryError(), "memory ran out, "),
    ],
)
def test_what_the_machine_refuses_is_one_line(
    error: Exception, says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("repdiff.store.run.read_run", refuse)
    assert cli.run(["export", "run"]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"repdiff: error: {says}")
    assert told.count("\n") == 1
