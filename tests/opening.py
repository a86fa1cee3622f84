"""Opens files in a child with 2 GB of memory and 10 seconds for each, and tells how each went.

``python opening.py`` is that child: it reads one path a line and answers with one line of JSON. The parent starts
another when it dies or takes too long.
"""

from __future__ import annotations

import json
import os
import resource
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

SECONDS, MEMORY = 10, 2 << 30
LONGEST_MESSAGE = 1000  # characters of an error
IMAGES = (".png", ".jpg", ".gif", ".webp", ".tif", ".bmp")


@dataclass(frozen=True)
class Outcome:
    """How the opening of a file went.

    Attributes
    ----------
    how : str
        ``read``, ``refused`` (in one line), ``traceback``, ``crash``, ``hang``, ``memory``, ``long`` (an error of many
        lines or characters) or ``noise`` (something was written to standard error).
    told : str
        The error.
    """

    how: str
    told: str
    seconds: float

    @property
    def held(self) -> bool:
        """Whether the product did what it promises."""
        return self.how in ("read", "refused")


class Opener:
    """The child, started when it is needed."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None

    def open(self, path: Path) -> Outcome:
        """How opening this file goes."""
        child = self._ready()
        started = time.monotonic()
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(os.fsencode(path) + b"\n")
        child.stdin.flush()
        if not select.select([child.stdout], [], [], SECONDS)[0]:
            self.close()
            return Outcome("hang", f"more than {SECONDS} s", time.monotonic() - started)
        line = child.stdout.readline()
        seconds = time.monotonic() - started
        if not line.endswith(b"\n"):
            code = child.wait()
            self._child = None
            return Outcome("crash", f"exit code {code}", seconds)
        told = json.loads(line)
        return Outcome(told["how"], told["told"], seconds)

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            for pipe in (self._child.stdin, self._child.stdout):
                if pipe is not None:
                    pipe.close()
            self._child = None

    def _ready(self) -> subprocess.Popen[bytes]:
        if self._child is None:
            self._child = subprocess.Popen(
                [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
            )
            assert self._child.stdout is not None
            self._child.stdout.readline()  # it has imported what it needs
        return self._child


def open_all(paths: Iterable[Path]) -> Iterator[tuple[Path, Outcome]]:
    """Each path and how its opening went."""
    opener = Opener()
    try:
        for path in paths:
            yield path, opener.open(path)
    finally:
        opener.close()


def _open(path: Path) -> dict[str, Any]:
    """What the product does with a file that someone gave it; returns how it went."""
    from repdiff.core.errors import RepdiffError

    try:
        if path.suffix in IMAGES:
            from repdiff.inputs.images import open_image

            open_image(path, longest_side=64)
        elif path.suffix in (".onnx", ".pt2"):
            _run_model(path)
        else:
            return _read(path)
    except RepdiffError as error:
        return _refused(str(error))
    return {"how": "read", "told": ""}


def _read(path: Path) -> dict[str, Any]:
    from repdiff.core.errors import RepdiffError
    from repdiff.inputs.inspection import inspect_files
    from repdiff.inputs.pair import make_pair

    found = inspect_files([path]).files[0]
    if found.taken_for == "embeddings":
        try:
            make_pair(path, path)
        except RepdiffError as error:
            return _refused(str(error))
    if found.taken_for == "nothing":
        return _refused(str(found.facts["reason"]))
    return {"how": "read", "told": found.taken_for}


def _run_model(path: Path) -> None:
    from PIL import Image

    from repdiff.core.errors import InputError
    from repdiff.core.files import one_line
    from repdiff.encoding.models import Request, choose_kind

    spec = f"{path.suffix[1:]}:{path}?size=8&layout=first"
    chosen = choose_kind(spec)
    model = chosen.kind.load(chosen.target, Request("image", (), None, "cpu", None))  # type: ignore[arg-type]
    try:
        model.embed(model.collate([model.prepare(Image.new("RGB", (8, 8)))]))
    except MemoryError:
        raise
    except Exception as error:  # the pipeline of encode makes one line of whatever a model raises
        raise InputError(one_line(error)) from error


def _refused(told: str) -> dict[str, Any]:
    if len(told) > LONGEST_MESSAGE or "\n" in told:
        return {"how": "long", "told": told[:2000]}
    return {"how": "refused", "told": told}


def main() -> None:
    """Answer one line for each path."""
    answers = os.fdopen(os.dup(1), "w")
    noise = tempfile.TemporaryFile()  # noqa: SIM115  it is there as long as we are
    os.dup2(noise.fileno(), 1)
    os.dup2(noise.fileno(), 2)
    for name in ("pandas", "pyarrow.parquet", "h5py", "torch", "onnxruntime", "PIL.Image", "repdiff.inputs.pair"):
        try:
            __import__(name)
        except ImportError:
            continue
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers.write("ready\n")
    answers.flush()
    for line in sys.stdin.buffer:
        try:
            told = _open(Path(os.fsdecode(line.rstrip(b"\n"))))
        except BaseException as error:
            import traceback

            how = "memory" if isinstance(error, MemoryError) else "traceback"
            told = {"how": how, "told": "".join(traceback.format_exception(error))[-1500:]}
        if told["how"] in ("read", "refused") and (written := _taken(noise)):
            told = {"how": "noise", "told": written}
        answers.write(json.dumps(told) + "\n")
        answers.flush()


def _taken(noise: IO[bytes]) -> str:
    """What was written to standard output or error since the last call."""
    noise.seek(0)
    written = noise.read()
    noise.seek(0)
    noise.truncate()
    return written.decode(errors="replace")[-1500:]


if __name__ == "__main__":
    main()
