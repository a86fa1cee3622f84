"""``repdiff encode``: a model and items -> a file of embeddings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Option, echo

from repdiff.cli.options import Json, takes_options
from repdiff.core.errors import RepdiffError
from repdiff.settings import EncodeCall

if TYPE_CHECKING:
    from repdiff.encoding.pipeline import Encoded

_NAMED_AT_MOST = 5


@takes_options(EncodeCall)
def encode(
    model: Annotated[str | None, Option("--model", "-m", help="A spec, such as hf:FOLDER; see --list.")] = None,
    items: Annotated[Path | None, Option(help="Folder of images, or table of items: .csv, .parquet.")] = None,
    output: Annotated[Path | None, Option("--output", "-o", help="Embeddings: .npz, .parquet or .npy.")] = None,
    *,
    as_json: Json = False,
    list_kinds: Annotated[bool, Option("--list", help="List the kinds of models and exit.")] = False,
    **options: Any,
) -> None:
    """Encode items with a model. After an interruption, the same command goes on where it stopped."""
    if list_kinds:
        _print_kinds(as_json=as_json)
        return
    for name, value in (("--model", model), ("--items", items), ("--output", output)):
        if value is None:
            raise RepdiffError(f"encode needs {name}; see repdiff encode --help")
    encoded = run_encoding(model, items, output, **options)
    _tell(encoded, as_json=as_json)


def run_encoding(model: Any, items: Any, output: Any, *, what: str = "", **options: Any) -> Encoded:
    """Encode with progress; after an interruption, say how to go on."""
    import repdiff
    from repdiff.cli.console import INTERRUPTED, progress_bars

    try:
        with progress_bars() as progress:

            def told(stage: str, done: int, total: int) -> None:
                progress(stage + what, done, total)

            return repdiff.encode(model, items, output, progress=told, **options)
    except KeyboardInterrupt:
        echo("repdiff: interrupted; the same command goes on from here", err=True)
        raise SystemExit(INTERRUPTED) from None


def parse_batch(batch: str) -> int | str:
    """A number, or ``auto``.

    Raises
    ------
    RepdiffError
        Where it is neither.
    """
    if batch == "auto":
        return batch
    if not batch.isdecimal():
        raise RepdiffError(f"--batch must be a positive number of items, or auto, but is {batch!r}")
    return int(batch)


def _print_kinds(*, as_json: bool) -> None:
    from repdiff.encoding.models import kinds

    if as_json:
        from repdiff.cli.console import print_json

        print_json([{"name": k.name, "usage": k.usage, "summary": k.summary} for k in kinds().values()])
        return
    width = max(len(kind.usage) for kind in kinds().values())
    for kind in kinds().values():
        echo(f"{kind.usage:<{width}}  {' or '.join(kind.modalities)}: {kind.summary}")


def _tell(encoded: Encoded, *, as_json: bool) -> None:
    if as_json:
        from repdiff.cli.console import print_json

        files = {layer: str(path) for layer, path in encoded.paths.items()}
        print_json({"files": files, "n_items": encoded.n_items, "skipped": encoded.skipped})
        return
    for path in encoded.paths.values():
        echo(f"embeddings: {path}")
    passed_over = encoded.manifest["items"]["passed_over"]
    also = "".join(f"; {count:,} ignored ({what})" for what, count in passed_over.items())
    echo(f"items:      {encoded.n_items:,}, {len(encoded.skipped):,} skipped{also}")
    for entry in encoded.skipped[:_NAMED_AT_MOST]:
        echo(f"  {_printable(entry['reason'])}")
    if len(encoded.skipped) > _NAMED_AT_MOST:
        echo(f"  ... and {len(encoded.skipped) - _NAMED_AT_MOST:,} more, named in {encoded.path}.manifest.json")


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
