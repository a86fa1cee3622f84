"""Rows of figures -> tables in CSV and Markdown, and a figure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from figure import write_figure

DISTANCES = ("rank", "euclidean", "local", "cosine")
RECOVERY = {"precision": "precision", "recall": "recall", "ami": "AMI", "on_target": "on target"}
SIZES = {"n_groups": "groups", "items_per_group": "items per group", "redundancy": "redundancy"}
OWN, CONTROLS = "rdc", ("rdc-central", "kmeans-chosen")
_SUCCESS = {
    "success": "success", **{f"success_{name}": name for name in DISTANCES},
    "members": "all members", "held_out": "held out", "held_out_rank": "held out, rank",
}  # fmt: skip


def write_results(rows: list[dict[str, Any]], output: Path, *, seconds: float) -> str:
    """Write ``scores.csv``, ``summary.csv``, ``results.md`` and the figure; returns the Markdown."""
    output.mkdir(parents=True, exist_ok=True)
    scores = pd.DataFrame(rows)
    scores.drop(columns="seconds").to_csv(output / "scores.csv", index=False)  # so that two runs give the same file
    summary = summarise(scores)
    summary.to_csv(output / "summary.csv", index=False)
    parts = [
        "# Known differences",
        f"{scores['pair'].nunique()} pairs, {scores['seed'].nunique()} seeds, {seconds / 60:.1f} minutes.",
        *_sections(scores, summary),
    ]
    text = "\n\n".join(parts) + "\n"
    (output / "results.md").write_text(text, encoding="utf-8")
    write_figure(summary, output)
    return text


def summarise(scores: pd.DataFrame) -> pd.DataFrame:
    """Mean and standard deviation over seeds of each figure, by kind of pair and method, best success first.

    A figure of one seed is the mean over pairs of the mean over directions. A direction in which a method finds no
    group has no success and does not count there; ``found`` is the share of directions in which it found one.
    """
    scores = scores.assign(
        kind=np.where(scores["family"] == "planted", "planted", "networks"), found=scores["n_groups"] > 0
    )
    columns = [*_SUCCESS, *RECOVERY, *SIZES, "found"]
    by_pair = scores.groupby(["kind", "method", "title", "seed", "pair"], sort=False)[columns].mean()
    by_seed = by_pair.groupby(level=["kind", "method", "title", "seed"], sort=False).mean()
    groups = by_seed.groupby(level=["kind", "method", "title"], sort=False)
    mean, spread = groups.mean(), groups.std(ddof=1).add_suffix("_sd")
    table = pd.concat([mean, spread], axis=1).reset_index()
    return table.sort_values(["kind", "success"], ascending=[True, False], kind="stable", ignore_index=True)


def _sections(scores: pd.DataFrame, summary: pd.DataFrame) -> list[str]:
    sections = []
    for kind, title in (("networks", "Networks"), ("planted", "Planted")):
        rows = summary[summary["kind"] == kind]
        if len(rows):
            sections += [
                f"## {title}: success", _markdown(rows, _SUCCESS), _verdict(rows, _SUCCESS),
                f"## {title}: recovery of the known groups", _markdown(rows, RECOVERY), _verdict(rows, RECOVERY),
                f"## {title}: size of groups and redundancy", _markdown(rows, SIZES, has_best=False),
            ]  # fmt: skip
    return [*sections, "## Success by pair", _by_pair(scores), *_accuracies(scores)]


def _markdown(rows: pd.DataFrame, columns: dict[str, str], *, has_best: bool = True) -> str:
    """Mean ± standard deviation over seeds; the best of each column, controls aside, in bold."""
    best = {name: _contenders(rows)[name].idxmax() if has_best else None for name in columns}
    lines = [f"| method | {' | '.join(columns.values())} |", f"| --- |{' ---: |' * len(columns)}"]
    for index, row in rows.iterrows():
        cells = [_cell(row[name], row[f"{name}_sd"]) for name in columns]
        cells = [f"**{cell}**" if index == best[name] else cell for cell, name in zip(cells, columns, strict=True)]
        lines.append(f"| {row['title']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(mean: float, spread: float) -> str:
    if np.isnan(mean):
        return "–"
    return f"{mean:.2f}" if np.isnan(spread) else f"{mean:.2f} ± {spread:.2f}"


def _contenders(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[~rows["method"].isin(CONTROLS)]


def _verdict(rows: pd.DataFrame, columns: dict[str, str]) -> str:
    """Where the package's own method is first, and who is ahead where it is not; controls aside."""
    contenders = _contenders(rows)
    own = contenders[contenders["method"] == OWN].iloc[0]
    leaders = {name: contenders.loc[contenders[name].idxmax()] for name in columns}
    ahead = [title for name, title in columns.items() if leaders[name]["method"] == OWN]
    behind = [
        f"{title} ({leaders[name]['title']} {leaders[name][name]:.2f}, against {own[name]:.2f})"
        for name, title in columns.items()
        if leaders[name]["method"] != OWN
    ]
    first = f"Difference clusters are first in {', '.join(ahead) or 'none'}."
    return first + (f" They are not in {'; '.join(behind)}: README.md says why." if behind else "")


def _by_pair(scores: pd.DataFrame) -> str:
    """Mean success of each method on each pair, over directions and seeds."""
    means = scores.groupby(["title", "pair"], sort=False)["success"].mean().unstack("pair")
    spread = scores.groupby(["title", "pair", "seed"], sort=False)["success"].mean()
    spread = spread.groupby(level=["title", "pair"], sort=False).std(ddof=1).unstack("pair")
    order = means.mean(axis=1).sort_values(ascending=False, kind="stable").index
    lines = [f"| method | {' | '.join(means.columns)} |", f"| --- |{' ---: |' * len(means.columns)}"]
    for title in order:
        cells = [_cell(means.loc[title, pair], spread.loc[title, pair]) for pair in means.columns]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _accuracies(scores: pd.DataFrame) -> list[str]:
    if "accuracy_x" not in scores:
        return []
    table = scores.dropna(subset="accuracy_x").groupby("pair", sort=False)[["accuracy_x", "accuracy_y"]].mean()
    lines = ["| pair | x | y |", "| --- | ---: | ---: |"]
    lines += [f"| {pair} | {row['accuracy_x']:.3f} | {row['accuracy_y']:.3f} |" for pair, row in table.iterrows()]
    return ["## Accuracy of the networks, by their own labels", "\n".join(lines)]
