"""What must agree between files, and what must not be in any of them."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

import repdiff

ROOT = Path(__file__).parents[1]
# In two parts, so that this file does not hold what it looks for.
A_FOLDER_OF_ONE_MACHINE = re.compile(rb"/(?:ho" + rb"me|Us" + rb"ers|ro" + rb"ot|wo" + rb"rk)/[A-Za-z.]")


@pytest.fixture(scope="module")
def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def tracked() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("an unpacked source archive has no list of tracked files")
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


def test_the_version_is_the_same_everywhere(project):
    newest = re.search(r"^## \[?(\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest is not None
    assert project["version"] == repdiff.__version__ == newest.group(1)


def test_every_extra_that_an_error_names_exists(project):
    named = {
        extra
        for path in (ROOT / "src").rglob("*.py")
        for extra in re.findall(
            r"repdiff\[([a-z]+)\]|MissingExtraError\(\s*\"[^\"]+\",\s*\"([a-z]+)\"", path.read_text()
        )
        for extra in extra
        if extra
    }
    assert named
    assert named <= set(project["optional-dependencies"])


def test_no_file_names_a_folder_of_one_machine(tracked):
    found = {path.name: A_FOLDER_OF_ONE_MACHINE.findall(path.read_bytes()) for path in tracked}
    assert {name: paths for name, paths in found.items() if paths} == {}


def test_the_ci_script_can_be_run(tracked):
    assert ROOT / ".ci/run" in tracked
    assert os.access(ROOT / ".ci/run", os.X_OK)
