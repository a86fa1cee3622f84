"""``repdiff explore``: what it prints, and how it refuses."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import repdiff
from repdiff import cli
from repdiff.explorer import server


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    x = np.random.default_rng(2).normal(size=(40, 4))
    found = repdiff.compare(x, x[:, ::-1].copy(), n_clusters=2, evidence=False)
    return found.save(tmp_path_factory.mktemp("explored") / "run")


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What would be served: port and token."""
    told: list[Any] = []

    def serve(library: Any, listening: socket.socket, token: str) -> None:
        told.append((*listening.getsockname(), token))
        raise KeyboardInterrupt

    monkeypatch.setattr(server, "serve", serve)
    return told


def test_the_first_line_is_the_address(saved: Path, served: list[Any], capsys, monkeypatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda address: opened.append(address) or True)
    assert cli.run(["explore", str(saved)]) == 0
    out, err = capsys.readouterr()
    [(host, port, token)] = served
    assert out == f"http://127.0.0.1:{port}/?token={token}\n"
    assert (host, err) == ("127.0.0.1", "")
    assert len(token) >= 32
    assert opened == [out.strip()]


def test_tokens_differ_and_the_browser_stays_closed(saved: Path, served: list[Any], capsys, monkeypatch) -> None:
    monkeypatch.setattr("webbrowser.open", lambda address: pytest.fail("a browser was opened"))
    for _ in range(2):
        assert cli.run(["explore", str(saved), "--no-browser"]) == 0
    assert len({token for *_, token in served}) == 2


def test_where_no_browser_starts_it_says_so(saved: Path, served: list[Any], capsys, monkeypatch) -> None:
    monkeypatch.setattr("webbrowser.open", lambda address: False)
    assert cli.run(["explore", str(saved)]) == 0
    assert capsys.readouterr().err == "no browser could be started; open the address yourself\n"


def test_a_port_that_is_taken_is_one_line(saved: Path, served: list[Any], capsys) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert cli.run(["explore", str(saved), "--no-browser", "--port", str(port)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert f"port {port} cannot be used: " in err
    assert "give another, or 0 for any" in err


def test_what_is_no_run_is_one_line(tmp_path: Path, capsys) -> None:
    assert cli.run(["explore", str(tmp_path), "--no-browser"]) == 2
    assert "is not a run: it has no manifest.json" in capsys.readouterr().err


def test_a_run_whose_annotations_are_damaged_is_one_line(saved: Path, capsys) -> None:
    (saved / "annotations.json").write_text("{}")
    try:
        assert cli.run(["explore", str(saved), "--no-browser"]) == 2
        assert "is not a file of annotations" in capsys.readouterr().err
    finally:
        (saved / "annotations.json").unlink()


def test_without_the_libraries_the_error_names_what_to_install(saved: Path, capsys, monkeypatch) -> None:
    monkeypatch.setattr(server, "find_spec", lambda name: None)
    assert cli.run(["explore", str(saved), "--no-browser"]) == 2
    assert 'repdiff explore needs starlette, which is not installed; run: pip install "repdiff[explore]"' in (
        capsys.readouterr().err
    )
