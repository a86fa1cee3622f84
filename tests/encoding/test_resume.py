"""A job that is killed goes on where it was, and its files are the same bytes as those of one that was not."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from encoders import OpenedHere, command, environment, need, write_pictures

import repdiff
from repdiff import cli
from repdiff.inputs.encoded import items_path, manifest_path

# Slow, so that there is time to kill it; what it makes depends on the batch, so that other batches would show.
SLOW_MODEL = """
import time
import numpy as np

def features(images):
    time.sleep(0.02)
    values = np.stack([np.asarray(image.resize((8, 8)), np.float32).ravel() for image in images])
    return values + np.float32(2e-5) * values.mean(0)  # as rounding does, other batches give other bits
"""
TORCH_MODEL = """
import time
import torch
from own_transform import transform

class Slow(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.body = torch.nn.Sequential(torch.nn.Conv2d(3, 16, 3, 2), torch.nn.ReLU(), torch.nn.Conv2d(16, 32, 3, 2))
        self.head = torch.nn.Linear(32, 5)

    def forward(self, images):
        time.sleep(0.02)
        return self.head(self.body(images).mean((2, 3)))

def model():
    torch.manual_seed(0)
    return Slow(), transform, ["a", "b", "c", "d", "e"]
"""
# By itself, so that the processes that open images need not import torch.
TRANSFORM = """
import numpy as np

def transform(image):
    return np.asarray(image.resize((32, 32)), np.float32).transpose(2, 0, 1) / 255
"""


def outputs(path: Path) -> list[bytes]:
    return [part.read_bytes() for part in (path, items_path(path), manifest_path(path))]


def start(arguments: list[str], output: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*arguments, "-o", str(output)], cwd=output.parent, env=environment(), stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def run_to_the_end(arguments: list[str], output: Path) -> None:
    with start(arguments, output) as process:
        _, errors = process.communicate(timeout=200)
    assert process.returncode == 0, errors


def kill(arguments: list[str], output: Path, shards: int, delay: float) -> None:
    """Kill the command a moment after that many shards are there; its other processes have to follow it."""
    folder = output.with_name(f".{output.name}.unfinished")
    awaited = folder / ("plan.json" if shards == 0 else f"{shards - 1:08d}.npz")
    with start(arguments, output) as process:
        while not awaited.exists():
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.005)
        time.sleep(delay)
        helpers = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert process.returncode == -signal.SIGKILL
    assert psutil.wait_procs(helpers, timeout=10)[1] == []


def run_here(arguments: list[str], output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same within this process, without processes that open images."""
    with monkeypatch.context() as patch:
        patch.chdir(output.parent)
        patch.setattr(sys, "path", [*sys.path])
        patch.setattr("repdiff.encoding.batches.Decoders", OpenedHere)
        for name in ("slow_model", "own_transform"):
            patch.delitem(sys.modules, name, raising=False)
        assert cli.run([*arguments, "-o", str(output)]) == 0


# Where a job is killed is the same code for all kinds of models; each time torch is imported takes seconds.
@pytest.mark.parametrize(("kind", "killed_at"), [("function", (0, 1, 2)), ("torch", (1,))], ids=["function", "torch"])
def test_a_killed_job_ends_with_the_same_bytes(tmp_path, kind, killed_at, monkeypatch):
    if kind == "torch":
        need("torch")
    (tmp_path / "slow_model.py").write_text(SLOW_MODEL if kind == "function" else TORCH_MODEL)
    (tmp_path / "own_transform.py").write_text(TRANSFORM)
    folder = write_pictures(tmp_path / "p", 700)
    (folder / "red" / "0007.png").write_bytes(b"broken")
    spec = f"py:slow_model.py:{'features' if kind == 'function' else 'model'}"
    arguments = ["encode", "--model", spec, "--items", str(folder), "--batch", "16"]
    rng = random.Random(len(kind))
    for shards in killed_at:  # of three
        kill(command(*arguments), tmp_path / "killed.npz", shards, rng.uniform(0, 0.2))
    run_to_the_end(command(*arguments), tmp_path / "killed.npz")
    run_here(arguments, tmp_path / "whole.npz", monkeypatch)
    killed_files, whole_files = outputs(tmp_path / "killed.npz"), outputs(tmp_path / "whole.npz")
    assert killed_files[:2] == whole_files[:2]
    assert killed_files[2].replace(b"killed.npz", b"whole.npz") == whole_files[2]
    assert not list(tmp_path.glob(".*"))


class InterruptedByTestError(Exception):
    pass


def interrupt_at(n: int):
    def progress(stage: str, done: int, total: int) -> None:
        if done >= n:
            raise InterruptedByTestError

    return progress


def begin(folder: Path, output: Path, n: int, **options) -> None:
    with pytest.raises(InterruptedByTestError):
        repdiff.encode("pixels", folder, output, progress=interrupt_at(n), **options)


def test_what_is_done_is_not_done_again(tmp_path):
    folder = write_pictures(tmp_path / "p", 600)
    begin(folder, tmp_path / "x.npz", 520)
    told: list[int] = []
    repdiff.encode("pixels", folder, tmp_path / "x.npz", progress=lambda stage, done, total: told.append(done))
    assert told[0] == 512
    repdiff.encode("pixels", folder, tmp_path / "y.npz")
    assert outputs(tmp_path / "x.npz")[:2] == outputs(tmp_path / "y.npz")[:2]


def test_a_measured_batch_size_is_kept(tmp_path, monkeypatch):
    folder = write_pictures(tmp_path / "p", 300)
    for size, call in ((8, begin), (64, None)):
        monkeypatch.setattr("repdiff.encoding.pipeline.measure_batch_size", lambda *_, size=size: size)
        if call:
            begin(folder, tmp_path / "x.npz", 280, batch="auto")
    assert repdiff.encode("pixels", folder, tmp_path / "x.npz", batch="auto").manifest["batch"] == 8


def test_other_settings_do_not_mix_with_what_is_there(tmp_path):
    folder = write_pictures(tmp_path / "p", 300)
    begin(folder, tmp_path / "x.npz", 280)
    with pytest.raises(repdiff.RepdiffError, match=r"unfinished encoding with other settings \(.*batch.*--overwrite"):
        repdiff.encode("pixels", folder, tmp_path / "x.npz", batch=10)
    (folder / "red" / "0001.png").write_bytes((folder / "red" / "0003.png").read_bytes())
    with pytest.raises(repdiff.RepdiffError, match=r"other settings \(items\.listing_sha256"):
        repdiff.encode("pixels", folder, tmp_path / "x.npz")
    assert repdiff.encode("pixels", folder, tmp_path / "x.npz", overwrite=True).n_items == 300


def test_two_do_not_work_on_one_output(tmp_path):
    folder = write_pictures(tmp_path / "p", 300)

    def another(stage: str, done: int, total: int) -> None:
        if done == 256:
            with pytest.raises(repdiff.RepdiffError, match="another process is using it"):
                repdiff.encode("pixels", folder, tmp_path / "x.npz")

    assert repdiff.encode("pixels", folder, tmp_path / "x.npz", progress=another).n_items == 300


def test_a_damaged_shard_is_said(tmp_path):
    folder = write_pictures(tmp_path / "p", 300)
    begin(folder, tmp_path / "x.npz", 280)
    shard = tmp_path / ".x.npz.unfinished" / "00000000.npz"
    shard.write_bytes(shard.read_bytes()[:100])
    with pytest.raises(repdiff.RepdiffError, match=r"is damaged \(00000000\.npz\); delete it"):
        repdiff.encode("pixels", folder, tmp_path / "x.npz")
