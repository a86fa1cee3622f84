"""``repdiff explore``: look closer, name what you see."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option, echo


def explore(
    run: Annotated[Path, Argument(metavar="RUN", help="Directory of a run, a series or a matrix.")],
    port: Annotated[int, Option(min=0, max=65535, help="Where to listen on this machine; 0 takes any.")] = 0,
    no_browser: Annotated[bool, Option("--no-browser", help="Only print the address.")] = False,
    x: Annotated[Path | None, Option(help="Where x is now; to compare again.")] = None,
    y: Annotated[Path | None, Option(help="Where y is now; to compare again.")] = None,
    images: Annotated[Path | None, Option(help="Folder of the pictures, to show them larger.")] = None,
) -> None:
    """Open a run in the browser: search it, walk from neighbour to neighbour, name what you see.

    Embeddings and pictures that the run names are read where they lie beside the run or in the working folder; others
    are named with --x, --y and --images. The page is served to this machine only, and only with the token in the
    address that is printed. Ctrl-C ends it.
    """
    from repdiff.explorer.explored import Given
    from repdiff.explorer.library import open_library
    from repdiff.explorer.server import HOST, check_extra, listen, new_token, serve

    check_extra()
    library = open_library(run, Given(x, y, images))
    token = new_token()
    with listen(port) as listening:
        address = f"http://{HOST}:{listening.getsockname()[1]}/?token={token}"
        echo(address)
        if not no_browser:
            import webbrowser

            if not webbrowser.open(address):
                echo("no browser could be started; open the address yourself", err=True)
        try:
            serve(library, listening, token)
        except KeyboardInterrupt:
            return  # how it is meant to end
