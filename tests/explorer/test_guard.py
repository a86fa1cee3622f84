"""Only the page that was opened with the token is answered, and nothing that is sent does harm."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from explorer_client import COOKIE, HOST, ORIGIN, PORT, TOKEN, Client, request

from repdiff.explorer.guard import MOST_BYTES, POLICY

PATHS = (
    "/",
    "/memo",
    "/picture",
    "/explorer.js",
    "/explorer.css",
    "/api/item",
    "/api/search",
    "/api/annotations",
    "/api/selection",
    "/api/large",
    "/api/trial",
    "/api/rerun",
    "/api/beside",
    "/api/start",
    "/api/cancel",
)


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.parent.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "headers",
    [
        {"cookie": None},
        {"cookie": f"repdiff-{PORT}=wrong"},
        {"cookie": f"repdiff-{PORT + 1}={TOKEN}"},
        {"host": "example.org"},
        {"host": f"127.0.0.1:{PORT + 1}"},
        {"host": f"example.org:{PORT}"},
        {"host": None},
        {"origin": "http://example.org"},
        {"origin": "null"},
        {"origin": f"http://localhost:{PORT}"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_others_are_refused(client: Client, path: str, headers: dict[str, str | None]) -> None:
    answer = client.ask("GET", path, headers=headers)
    assert answer.status == 403
    assert b"<" not in answer.body
    assert "set-cookie" not in answer.headers
    assert answer.headers["content-security-policy"] == POLICY


def test_the_token_in_the_address_becomes_a_cookie(client: Client) -> None:
    opened = client.ask("GET", "/", {"token": TOKEN}, headers={"cookie": None})
    assert opened.status == 200
    assert opened.headers["set-cookie"] == f"{COOKIE}; HttpOnly; SameSite=Strict; Path=/"
    assert TOKEN.encode() not in opened.body
    assert client.ask("GET", "/", {"token": "wrong"}, headers={"cookie": None}).status == 403
    assert client.ask("GET", "/api/item", {"token": TOKEN, "row": 0}, headers={"cookie": None}).status == 403
    assert client.ask("GET", "/", {"token": "wörng"}, headers={"cookie": None}).status == 403
    assert client.get("/").status == 200


def test_answers_forbid_what_they_do_not_need(client: Client) -> None:
    for path, parameters in (("/", {}), ("/api/item", {"row": 1}), ("/picture", {"row": 1}), ("/nothing", {})):
        headers = client.get(path, **parameters).headers
        assert headers["content-security-policy"] == POLICY
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert not any(name.startswith("access-control") for name in headers)
    assert "unsafe" not in POLICY
    assert "http" not in POLICY


def test_a_change_must_come_from_the_page(client: Client, run: Path) -> None:
    body = json.dumps({"version": 0, "clusters": [], "selections": []}).encode()
    for headers in ({"origin": None}, {"origin": "http://example.org"}, {"origin": f"https://{HOST}"}):
        assert client.ask("PUT", "/api/annotations", headers=headers, body=body).status == 403
    assert not (run / "annotations.json").exists()
    assert client.ask("PUT", "/api/annotations", body=body).status == 200


@pytest.mark.parametrize("method", ["DELETE", "PATCH", "OPTIONS", "POST", "TRACE", "CONNECT"])
def test_other_methods_are_refused(client: Client, method: str) -> None:
    assert client.ask(method, "/api/annotations").status == 405
    assert client.ask(method, "/").status == 405


def test_a_body_that_is_too_long_is_refused(client: Client) -> None:
    answer = client.ask("POST", "/api/group", body=b" " * (MOST_BYTES + 1))
    assert answer.status == 400
    assert answer.error == f"the request is longer than {MOST_BYTES:,} bytes"


UPWARDS = (
    "..",
    "../",
    "../../etc/passwd",
    "%2e%2e%2f",
    "..%2f..%2fmanifest.json",
    "/etc/passwd",
    "..\\..",
    "\x00",
    "~",
)
TAKING = ("/api/group", "/api/beside", "/api/start", "/api/cancel")
FIELDS = (
    "frame", "row", "rows", "index", "direction", "sort", "q", "by", "k", "name", "gamma", "beta", "threshold",
    "clusters",
)  # fmt: skip


@pytest.mark.parametrize("upwards", UPWARDS)
def test_paths_are_taken_from_nobody(client: Client, run: Path, upwards: str) -> None:
    before = files_of(run)
    gets, posts = [], []
    for path in (*PATHS, "/api/tiles", "/api/cluster", "/api/colours", "/api/recut"):
        good = {"row": "1", "rows": "1", "index": "0", "direction": "x_only", "k": "3", "by": "column:kind"}
        fields = FIELDS if path.startswith("/api") else ("frame", "row")  # pages, which take long, read no other
        gets += [request("GET", path, {**good, field: upwards}) for field in fields]
    for path in TAKING:
        for field in (*FIELDS, "output", "run", "x", "images"):
            group = {"direction": "x_only", "rows": [1], field: upwards}
            body = json.dumps({"gamma": "0.2", "first": group, "second": group, **group}).encode()
            posts.append(request("POST", path, body=body))
    for (_, path, *_), answer in zip(gets, client.ask_all(gets), strict=True):
        assert answer.status in (200, 400) or (answer.status == 405 and path in TAKING)
        assert b"root:" not in answer.body
        assert b"schema_version" not in answer.body
    for answer in client.ask_all(posts):
        assert answer.status in (200, 400)
        assert b"root:" not in answer.body
    assert client.get("/api/rerun").plain == {
        "state": "idle"
    }  # this run was made of arrays, which nobody can read again
    for path in (f"/{upwards}", f"/api/{upwards}", f"/picture/{upwards}", f"/explorer.js/{upwards}"):
        assert client.ask("GET", path).status in (404, 405, 307)
    assert files_of(run) == before


def test_notes_reach_no_other_file(client: Client, run: Path) -> None:
    before = files_of(run)
    note = {"direction": "x_only", "index": 0, "name": "../../outside", "note": "/etc/passwd", "tags": ["../x"]}
    selection = {"name": "../selection", "items": ["=cmd()"], "note": ""}
    answer = client.put("/api/annotations", {"version": 0, "clusters": [note], "selections": [selection]})
    assert answer.status == 200
    after = files_of(run)
    assert set(after) - set(before) == {str(run / "annotations.json")}
    assert all(after[name] == before[name] for name in before)


def test_ten_thousand_fuzzed_requests_do_nothing(client: Client, run: Path, capfd: pytest.CaptureFixture[str]) -> None:
    chance = random.Random(16)
    before = files_of(run)
    bits = [
        *UPWARDS, "1", "0", "-1", "999999999", "1e9", "NaN", "x_only", "y_only", "typical", "a" * 600, '"', ":", "{}",
        "[]", "null", "only:x", "\U0001f600", "<script>", "\u0663", "1e-9", "0.0000001",
    ]  # fmt: skip
    paths = [*PATHS, "/api/tiles", "/api/cluster", "/api/colours", "/api/recut", "/api/group", "/api/../api/item", "//"]

    def fuzzed(number: int) -> tuple[str, str, bytes, list[tuple[bytes, bytes]], bytes]:
        method = chance.choice(["GET", "GET", "GET", "HEAD", "PUT", "POST", "DELETE", "FOO"])
        path = chance.choice(paths) if chance.random() < 0.9 else "/" + "".join(chance.choices("/.%api\\\n?#é", k=9))
        query = "&".join(f"{chance.choice(FIELDS)}={chance.choice(bits)}" for _ in range(chance.randrange(5)))
        if chance.random() < 0.2:
            query = "".join(chance.choices("=&%;+\x7fü0", k=20))
        headers = [(b"host", HOST.encode()), (b"cookie", COOKIE.encode())]
        if method not in ("GET", "HEAD"):
            headers.append((b"origin", ORIGIN.encode()))
        if chance.random() < 0.15:
            headers[chance.randrange(len(headers))] = (chance.choice([b"host", b"cookie", b"origin"]), b'\xff\x00;="')
        body = chance.choice(
            [
                b"",
                b"{",
                b"\xff",
                b"[" * 3000,
                b"{}",
                b'{"rows":[1,"2"]}',
                b'{"version":1e99}',
                b"null",
                b'{"gamma":"../x"}',
                b'{"clusters":"-n"}',
                b'{"output":"/tmp/x","gamma":7}',
                b'{"first":{"index":"0"}}',
                b'{"first":{"direction":"x_only","index":0},"second":{"direction":"y_only","rows":[1e9]}}',
            ]
        )
        return method, path, query.encode("utf-8", "surrogatepass"), headers, body

    answers = client.ask_all(fuzzed(number) for number in range(10_000))
    statuses = {answer.status for answer in answers}
    assert statuses <= {200, 307, 400, 403, 404, 405}
    assert {200, 400, 403, 404, 405} <= statuses
    assert not any(b"Traceback" in answer.body for answer in answers)
    assert capfd.readouterr().err == ""
    assert client.get("/api/rerun").plain == {"state": "idle"}
    assert files_of(run) == before
