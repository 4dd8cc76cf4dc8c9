"""What every page has: headers whatever the answer, and a name that is ours."""

from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from edge.health import Health
from edge.web import basics, headers, ours, own_names

Client = Callable[[web.Application], Awaitable[TestClient[web.Request, web.Application]]]


def app() -> web.Application:
    async def broken(_: web.Request) -> web.Response:
        raise ZeroDivisionError

    made = web.Application(middlewares=[own_names(["shop.example"])])
    made.on_response_prepare.append(headers(["http://127.0.0.1:9"]))
    made.add_routes([*basics(Health(), [("/a?<", "<b>")], ""), web.get("/broken", broken)])
    return made


@pytest.mark.promise("X-4")
@pytest.mark.parametrize(
    ("path", "host", "status"),
    [
        ("/", "shop.example", 200),
        ("/nothing", "127.0.0.1", 404),
        ("/broken", "127.0.0.1", 500),
        ("/", "evil.example", 421),
    ],
)
async def test_every_answer_has_its_policy(aiohttp_client: Client, path: str, host: str, status: int) -> None:
    client = await aiohttp_client(app())
    answer = await client.get(path, headers={"Host": host})
    assert answer.status == status
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'self' http://127.0.0.1:9" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "ZeroDivision" not in await answer.text()


async def test_names_on_the_start_page_are_escaped(aiohttp_client: Client) -> None:
    client = await aiohttp_client(app())
    assert "&lt;b&gt;" in await (await client.get("/")).text()


@pytest.mark.promise("X-3")
@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("127.0.0.1:8080", True), ("[::1]:8080", True), ("192.168.1.7", True), ("localhost:8080", True), ("", True),
        ("edge1", True), ("edge1.local:80", True), ("SHOP.example.:443", True),
        ("evil.example", False), ("127.0.0.1.evil.example:8080", False), ("shop.example.evil.example", False),
        ("evil.example#127.0.0.1", False), ("localhost.evil.example", False), ("[::1", False),
        ("[evil.example]", False), ("a\u2100b.example", False), ("a\u2100b", False), ("localhost:99999", False),
        ("localhost:x", False),
    ],
)  # fmt: skip
def test_a_public_name_that_is_not_ours_is_refused(host: str, known: bool) -> None:
    assert ours(host, ["shop.example"]) is known
