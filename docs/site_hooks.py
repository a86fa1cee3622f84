"""The site is the repository's own pages: this adds those outside docs/, and the command line's, and mends links.

A page is written for whoever reads it in the repository. On the site the pages of docs/ move up to the root, beside the
README, so that links lose ``docs/`` or ``../``.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import typer
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from typer.cli import get_docs_for_click

import repdiff
from repdiff.cli.app import app

ROOT = Path(__file__).parent.parent
PAGES = (
    "CHANGELOG.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "benchmarks/RESULTS.md",
    "examples/imagenet_efficientnet/README.md",
    "studies/verdicts/README.md",
    "studies/checkpoints/README.md",
    "studies/known_differences/README.md",
)


def on_config(config: MkDocsConfig, **_: Any) -> MkDocsConfig:
    """Show what callers see: the reference looks behind ``__wrapped__``, where options are one object."""
    for name in repdiff.__all__:
        public = getattr(repdiff, name)
        for one in (public, vars(public).get("__init__")):
            if hasattr(one, "__wrapped__"):
                del one.__wrapped__
    return config


def on_files(files: Files, config: MkDocsConfig, **_: Any) -> Files:
    """Add the pages that do not live in docs/."""
    files.append(File.generated(config, "index.md", content=(ROOT / "README.md").read_text("utf-8")))
    files.append(File.generated(config, "command-line.md", content=command_line()))
    for name in PAGES:
        files.append(File.generated(config, name, content=(ROOT / name).read_text("utf-8")))
    for picture in sorted(ROOT.glob("studies/*/figures/*.webp")):
        name = picture.relative_to(ROOT).as_posix()
        files.append(File.generated(config, name, content=picture.read_bytes()))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Links as they are on the site."""
    here = page.file.src_uri
    if "/" in here:
        return re.sub(r"\]\(((?:\.\./)+)docs/", r"](\1", markdown)
    if here == "index.md" or here in PAGES:
        return markdown.replace("](docs/", "](").replace("](README.md", "](index.md")
    return markdown.replace("](../README.md", "](index.md").replace("](../", "](")


def command_line() -> str:
    """Every command with its arguments and options, as its own help says them."""
    command = typer.main.get_command(app)
    text = get_docs_for_click(obj=command, ctx=typer.Context(command), name="repdiff")
    return re.sub(r"^# `repdiff`", "# Command line", text).replace("<", "&lt;")
