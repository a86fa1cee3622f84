"""Run -> the HTML file."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from repdiff.core.files import written_whole
from repdiff.report import matrix, palette, view
from repdiff.report.belief import explanations, similarity_table
from repdiff.report.maps import maps_document
from repdiff.report.methods import methods_table
from repdiff.report.noise_tables import finding_tables
from repdiff.report.origin import origin
from repdiff.report.payload import as_script_text, payload
from repdiff.report.replicate_tables import replicate_table
from repdiff.report.shown_items import ShownItems, choose_shown_items
from repdiff.report.subject import Subject, subject_of
from repdiff.report.wording import formatting as words
from repdiff.report.wording.answer import answer
from repdiff.report.wording.evidence import level_of, verdict
from repdiff.results.clusters import DIRECTIONS
from repdiff.results.comparison import warnings_of
from repdiff.store.run import Run, read_run

if TYPE_CHECKING:
    from jinja2 import Environment

# In the order in which they are put together; later ones use what earlier ones define.
_SCRIPTS = (
    "data", "state", "theme", "pictures", "maps", "tools", "hover", "keyboard", "legend", "gallery", "cards", "search",
    "neighbours", "lightbox", "address", "matrix", "items", "records", "downloads", "main",
)  # fmt: skip
_BOKEH_PARTS = ("bokeh", "bokeh-gl")


def render(run: Run, *, back: str | None = None) -> str:
    """The report of a run: one HTML document that needs nothing beside itself.

    Parameters
    ----------
    run : Run
        What to report on.
    back : str, optional
        Address of the page that leads to this one.

    Returns
    -------
    str
        HTML. Everything that comes from items is escaped, and a content security policy lets nothing run but the
        page's own scripts, nor load anything.
    """
    subject = subject_of(run)
    return fill_template(
        "page.html.j2", subject, choose_shown_items(subject), _SCRIPTS, facts=view.facts(run.comparison), back=back,
        methods={name: methods_table(run.evaluation, name) for name in DIRECTIONS},
    )  # fmt: skip


def write_run_report(run: Run | str | Path, output: str | Path, *, back: str | None = None) -> Path:
    """Write the report of a run, whole or not at all.

    Parameters
    ----------
    run : Run or path
        A run, or the directory of one.
    output : path
        The file to write; one that is there is replaced.
    back : str, optional
        Address of the page that leads to this one.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    RepdiffError
        Where the path is no run, or the file cannot be written.
    """
    return write_page(render(run if isinstance(run, Run) else read_run(run), back=back), output)


def write_page(html: str, output: str | Path) -> Path:
    """Write a page, whole or not at all; the file."""
    with written_whole(output) as beside:
        beside.write_text(html, encoding="utf-8", newline="\n")
    return Path(output)


@cache
def environment() -> Environment:
    """The templates, with the filters that they use."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("repdiff.report", "assets"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(number=words.number, percent=words.percent, affinity=words.affinity, sum_up=words.plural)
    return environment


def fill_template(
    template: str,
    subject: Subject,
    shown_items: ShownItems,
    script_names: tuple[str, ...],
    *,
    style: tuple[str, ...] = ("page.css", "closer.css"),
    data: Mapping[str, Any] | None = None,
    **more: Any,
) -> str:
    """A page about a subject, from its template and its scripts.

    Parameters
    ----------
    template : str
        Name of the template.
    subject : Subject
        What to report on.
    shown_items : ShownItems
        Which of the items are on the page.
    script_names : tuple of str
        Scripts, in the order in which they are put together.
    style : tuple of str
        Style sheets, likewise.
    data : mapping, optional
        What else the scripts need.
    **more
        What else the template needs.
    """
    all_data = payload(subject, shown_items, maps_document(subject.first.projection, shown_items)) | dict(data or {})
    looks = all_data["frames"][0]["neighbors"]
    scripts = (*_bokeh_scripts(), _own_script(script_names))
    warned = warnings_of([frame.comparison for frame in subject.frames])
    return environment().get_template(template).render(
        comparison=subject.first,
        provenance=subject.first.provenance,
        frames=subject.frames,
        thumbnails=subject.thumbnails,
        shown_items=shown_items,
        views=view.direction_views(subject, shown_items),
        nothing_differs=all(frame.nothing_differs for frame in subject.frames),
        answers=[answer(frame.comparison) for frame in subject.frames],
        findings=[finding_tables(frame.comparison) for frame in subject.frames],
        replicates=[replicate_table(frame.comparison) for frame in subject.frames],
        fdr=level_of(subject.first),
        verdicts=[verdict(frame.comparison) for frame in subject.frames],
        explanations=explanations(subject.first),
        similarities=[similarity_table(frame.comparison) for frame in subject.frames],
        looked_at=None if looks is None else looks["count"],
        columns_left_out=all_data["items"]["columns"]["leftOut"],
        threshold=view.threshold_text(subject.first),
        bounds=view.bounds_text(subject.first),
        origins=[origin(frame.comparison) for frame in subject.frames],
        warnings=warned,
        n_warnings=len(warned) + len(subject.thumbnails.skipped),
        colours=palette.cluster_colours(subject.n_colours),
        grey=palette.no_change_colour(),
        colour_bar={"light": matrix.colour_bar(dark=False), "dark": matrix.colour_bar(dark=True)},
        data=as_script_text(all_data),
        style="\n".join(map(asset, style)),
        scripts=scripts,
        script_hashes=[_content_hash(script) for script in scripts],
        **more,
    )  # fmt: skip


def asset(name: str) -> str:
    """A template's companion: a style sheet or a script."""
    return resources.files("repdiff.report").joinpath("assets").joinpath(name).read_text(encoding="utf-8")


def _own_script(names: tuple[str, ...]) -> str:
    parts = "\n".join(asset(f"js/{name}.js") for name in names)
    return _inside_script_element(f'(() => {{\n"use strict";\n{parts}\n}})();\n')


@cache
def _bokeh_scripts() -> tuple[str, ...]:
    """Bokeh's own scripts, from the installed package: the core and WebGL, without widgets, tables and MathJax."""
    from bokeh.resources import Resources

    return tuple(
        _inside_script_element(script)
        for script in Resources(mode="inline", components=list(_BOKEH_PARTS), log_level="warn").js_raw
    )


def _inside_script_element(script: str) -> str:
    # Only inside strings and regular expressions can a script hold these, where the backslash changes nothing.
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _content_hash(script: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
