"""What the page can ask, and the server that answers it on this machine only."""

from __future__ import annotations

import json
import secrets
import socket
from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from repdiff.core.errors import MissingExtraError, RepdiffError
from repdiff.explorer import answers, page
from repdiff.explorer.guard import Guard
from repdiff.explorer.library import Library
from repdiff.explorer.memo import memo
from repdiff.store.annotations import ConflictError

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp

HOST = "127.0.0.1"


def application(library: Library, *, token: str, port: int) -> ASGIApp:
    """The whole application, behind its guard."""
    return Guard(_routes(library), token=token, port=port)


def listen(port: int) -> socket.socket:
    """A socket on this machine only; 0 takes any free port.

    Raises
    ------
    RepdiffError
        Where the port is taken.
    """
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((HOST, port))
        found.listen(128)
    except OSError as error:
        found.close()
        raise RepdiffError(f"port {port} cannot be used: {error.strerror}; give another, or 0 for any") from error
    return found


def serve(library: Library, listening: socket.socket, token: str) -> None:
    """Answer until Ctrl-C."""
    import uvicorn

    app = application(library, token=token, port=listening.getsockname()[1])
    config = uvicorn.Config(
        app, log_level="error", access_log=False, server_header=False, lifespan="off", ws="none",
        timeout_graceful_shutdown=1, h11_max_incomplete_event_size=64 << 10,
    )  # fmt: skip
    try:
        uvicorn.Server(config).run(sockets=[listening])
    finally:
        library.rerun.close()


def new_token() -> str:
    """A secret that nobody guesses."""
    return secrets.token_urlsafe(24)


def check_extra() -> None:
    """Refuse to start without the libraries; raises MissingExtraError, which names what to install."""
    for library in ("starlette", "uvicorn"):
        if find_spec(library) is None:
            raise MissingExtraError(library, "explore", "repdiff explore")


def _routes(library: Library) -> Starlette:
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException
    from starlette.responses import HTMLResponse, PlainTextResponse, Response
    from starlette.routing import Route

    def text(kind: str, make: Callable[[], str]) -> Callable[[Request], Response]:
        return lambda request: Response(make(), media_type=kind)

    def start(request: Request) -> Response:
        return HTMLResponse(page.page(library, answers.place_of(library, request)))

    def show_memo(request: Request) -> Response:
        return HTMLResponse(memo(answers.explored_of(library, request)))

    def picture(request: Request) -> Response:
        return Response(answers.picture(library, request), media_type="image/webp")

    def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return PlainTextResponse(f"{error.detail}\n", status_code=error.status_code)

    asked = [
        Route(f"/api/{name}", _answering(library, answer), methods=["GET"]) for name, answer in answers.ASKED.items()
    ]
    given = [
        Route(f"/api/{name}", _taking(library, answer), methods=[method])
        for (method, name), answer in answers.GIVEN.items()
    ]
    pages = [
        Route("/", start),
        Route("/memo", show_memo),
        Route("/picture", picture),
        Route("/explorer.js", text("text/javascript", page.script)),
        Route("/explorer.css", text("text/css", page.style)),
    ]
    handlers: dict[Any, Any] = {RepdiffError: _told, HTTPException: refused}
    return Starlette(routes=[*pages, *asked, *given], exception_handlers=handlers)


def _answering(library: Library, answer: Callable[[Library, Request], Any]) -> Callable[[Request], Response]:
    """What is asked by address; in a thread of its own."""

    def endpoint(request: Request) -> Response:
        return _json(answer(library, request))

    return endpoint


def _taking(library: Library, answer: Callable[[Library, Request, Any], Any]) -> Any:
    """What is given in a body."""
    from starlette.concurrency import run_in_threadpool

    async def endpoint(request: Request) -> Response:
        body = await request.body()
        return _json(await run_in_threadpool(lambda: answer(library, request, answers.plain_of(body))))

    return endpoint


def _told(request: Request, error: Exception) -> Response:
    """A mistake as one line."""
    return _json({"error": " ".join(str(error).split())}, status=409 if isinstance(error, ConflictError) else 400)


def _json(value: Any, *, status: int = 200) -> Response:
    from starlette.responses import Response

    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False, default=_number)
    return Response(text, status_code=status, media_type="application/json")


def _number(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"a {type(value).__name__} cannot be sent")
