"""Who may ask: only the page that was opened with the token, on this machine; and what its answers may do."""

from __future__ import annotations

import hmac
import sys
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from repdiff.core.errors import RepdiffError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 16 << 20  # of a request's body: ten million digits and commas
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
}


class Guard:
    """An application behind a check of host, origin and token.

    Parameters
    ----------
    app : ASGI application
        Who answers those that may ask.
    token : str
        What they must know: from the address at first, then from the cookie that it was exchanged for.
    port : int
        Where the server listens; a Host or Origin of any other place is refused.
    """

    def __init__(self, app: ASGIApp, *, token: str, port: int) -> None:
        self._app, self._token, self.cookie = app, token, f"repdiff-{port}"
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse."""
        if scope["type"] != "http":
            return  # the connection is closed without a word
        headers = _headers_of(scope)
        refusal = self._refusal(scope, headers)
        if refusal:
            await _refuse(send, *refusal)
            return
        answered = False

        async def guarded(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                answered = True
                message = {**message, "headers": self._with_headers(scope, message)}
            await send(message)

        try:
            await self._app(scope, _limited(receive), guarded)
        except Exception as error:
            # One line for the person at the terminal; nothing of it for whoever asked.
            words = " ".join(str(error).split())[:200]
            print(f"repdiff: error: {type(error).__name__}: {words}; this is a defect of repdiff", file=sys.stderr)
            if not answered:
                await _refuse(send, 500, "this is a defect of repdiff; the terminal says more")

    def _refusal(self, scope: Scope, headers: Mapping[str, list[str]]) -> tuple[int, str] | None:
        """Status and reason where a request may not be answered."""
        hosts = headers.get("host", [])
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return 403, "this page is served to 127.0.0.1 only"
        if any(origin != f"http://{hosts[0]}" for origin in headers.get("origin", [])):
            return 403, "requests of other pages are not answered"
        site = headers.get("sec-fetch-site", ["none"])[0]
        if site not in ("none", "same-origin") and headers.get("sec-fetch-mode", [""])[0] != "navigate":
            return 403, "requests of other pages are not answered"
        if scope["method"] not in ("GET", "HEAD") and "origin" not in headers:
            return 403, "a change must say where it comes from"
        if not self._knows(scope, headers):
            return 403, "the token is missing or wrong; use the address that repdiff explore printed"
        return None

    def _knows(self, scope: Scope, headers: Mapping[str, list[str]]) -> bool:
        given = _tokens(headers, self.cookie)
        if scope["path"] == "/":
            given += _query(scope).get("token", [])
        return any(hmac.compare_digest(one.encode(), self._token.encode()) for one in given)

    def _with_headers(self, scope: Scope, message: Message) -> list[tuple[bytes, bytes]]:
        headers = list(message["headers"])
        own = {name.lower() for name, _ in headers}
        every = {"content-security-policy": POLICY, **_HEADERS}
        if scope["path"] == "/" and "token" in _query(scope):
            every["set-cookie"] = f"{self.cookie}={self._token}; HttpOnly; SameSite=Strict; Path=/"
        added = {name.encode(): value.encode() for name, value in every.items()}
        return headers + [(name, value) for name, value in added.items() if name not in own]


def _limited(receive: Receive) -> Receive:
    """The same, until too much has come; then it raises RepdiffError."""
    length = 0

    async def limited() -> Message:
        nonlocal length
        message = await receive()
        length += len(message.get("body", b""))
        if length > MOST_BYTES:
            raise RepdiffError(f"the request is longer than {MOST_BYTES:,} bytes")
        return message

    return limited


def _headers_of(scope: Scope) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return found


def _tokens(headers: Mapping[str, list[str]], cookie: str) -> list[str]:
    found = []
    for line in headers.get("cookie", []):
        try:
            cookies = SimpleCookie(line)
        except CookieError:
            continue
        if cookie in cookies:
            found.append(cookies[cookie].value)
    return found


def _query(scope: Scope) -> dict[str, list[str]]:
    try:
        return parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=20)
    except ValueError:
        return {}


async def _refuse(send: Send, status: int, reason: str) -> None:
    headers = {"content-type": "text/plain; charset=utf-8", "content-security-policy": POLICY, **_HEADERS}
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": f"{reason}\n".encode()})
