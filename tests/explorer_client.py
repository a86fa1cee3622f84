"""Requests to the explorer's application without a network: what is sent, byte for byte, and what comes back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from repdiff.explorer.explored import Given
from repdiff.explorer.library import open_library
from repdiff.explorer.server import application

PORT, TOKEN = 8123, "the-token-of-the-test"
HOST = f"127.0.0.1:{PORT}"
ORIGIN = f"http://{HOST}"
COOKIE = f"repdiff-{PORT}={TOKEN}"


class Answer(NamedTuple):
    """Status, headers and body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def plain(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> str:
        return str(self.plain["error"])


Request = tuple[str, str, bytes, list[tuple[bytes, bytes]], bytes]  # method, path, query, headers, body


def request(
    method: str,
    path: str,
    parameters: Mapping[str, Any] | None = None,
    *,
    headers: Mapping[str, str | None] | None = None,
    body: bytes = b"",
) -> Request:
    """A request as the page sends it; a header that is None is left out."""
    own = {"host": HOST, "cookie": COOKIE, **({} if method in ("GET", "HEAD") else {"origin": ORIGIN})}
    sent = {name: value for name, value in (own | dict(headers or {})).items() if value is not None}
    pairs = [(name.encode(), value.encode("latin-1")) for name, value in sent.items()]
    return method, path, urlencode(parameters or {}).encode(), pairs, body


class Client:
    """The page's side of the explorer."""

    def __init__(self, run: Path, given: Given | None = None) -> None:
        self.app = application(open_library(run, given), token=TOKEN, port=PORT)

    def get(self, path: str, **parameters: Any) -> Answer:
        return self.ask("GET", path, parameters)

    def put(self, path: str, value: Any, **parameters: Any) -> Answer:
        return self.ask("PUT", path, parameters, body=json.dumps(value).encode())

    def post(self, path: str, value: Any, **parameters: Any) -> Answer:
        return self.ask("POST", path, parameters, body=json.dumps(value).encode())

    def ask(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        headers: Mapping[str, str | None] | None = None,
        body: bytes = b"",
    ) -> Answer:
        """What a request is answered; a header that is None is left out."""
        (answer,) = self.ask_all([request(method, path, parameters, headers=headers, body=body)])
        return answer

    def ask_all(self, requests: Iterable[Request]) -> list[Answer]:
        """Many requests, one after the other, of one event loop: its start and end take longer than most answers."""

        async def every() -> list[Answer]:
            return [await self._one(*request) for request in requests]

        return asyncio.run(every())

    async def _one(
        self, method: str, path: str, query: bytes, headers: list[tuple[bytes, bytes]], body: bytes
    ) -> Answer:
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
            "path": path, "raw_path": path.encode("utf-8", "surrogatepass"), "root_path": "", "query_string": query,
            "headers": headers, "client": ("127.0.0.1", 5000), "server": ("127.0.0.1", PORT), "state": {},
        }  # fmt: skip
        sent: list[Any] = []
        messages = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive() -> Any:
            return next(messages, {"type": "http.disconnect"})

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        start, *rest = sent
        told = {name.decode().lower(): value.decode("latin-1") for name, value in start["headers"]}
        return Answer(start["status"], told, b"".join(part.get("body", b"") for part in rest))
