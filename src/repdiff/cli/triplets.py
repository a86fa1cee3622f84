"""``repdiff triplets``: judgements "a is closer to b than to c" -> a file of embeddings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option, echo

from repdiff.cli import options as opt
from repdiff.settings import TripletsCall


@opt.takes_options(TripletsCall)
def triplets(
    judgements: Annotated[Path, Argument(metavar="FILE", help="Table with columns anchor, near, far: .csv, .parquet.")],
    output: Annotated[Path, Option("--output", "-o", help="Embeddings, .npz, with ids.")],
    *,
    as_json: opt.Json = False,
    **options: Any,
) -> None:
    """Turn similarity judgements into embeddings, to compare them with a model's."""
    import numpy as np

    from repdiff.cli.console import print_json, progress_bars
    from repdiff.core.files import written_whole
    from repdiff.inputs.triplets import embed_triplets

    with progress_bars() as progress:
        found = embed_triplets(judgements, progress=progress, **options)
    with written_whole(output) as path, path.open("wb") as file:
        np.savez(file, allow_pickle=False, **found.arrays())
    if as_json:
        facts = {"n_items": len(found.ids), "n_judgements": found.n_judgements, "violated": found.violated}
        print_json({"output": str(output), **facts})
        return
    agreed, dims = 1 - found.violated, options["n_dims"]
    echo(f"{len(found.ids):,} items; {agreed:.1%} of {found.n_judgements:,} judgements hold in {dims} dimensions")
    echo(f"embeddings: {output}")
