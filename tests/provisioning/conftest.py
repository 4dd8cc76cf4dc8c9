"""A site with the sign-in and the IT's pages, and accounts whose hashes are made once for all tests."""

from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from edge.health import Health
from edge.web import headers
from provisioning import pages
from provisioning.accounts import Accounts, Role
from provisioning.layers import STORE_LAYERS, load
from provisioning.signin import Guard

PASSWORD = "correct horse battery"


@pytest.fixture(scope="session")
def hashed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("accounts") / "accounts.json"
    Accounts(path).add("hanako", Role.STAFF, PASSWORD)
    Accounts(path).add("taro", Role.IT, PASSWORD)
    return path


CHAIN = """\
[device]
chain = "acme"
timezone = "Asia/Tokyo"
language = "ja"

[member_code]
keyset = "keyset.json"
roots = ["11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"]
ref_key = "ref.key"

[web]
port = 8080
"""
STORE = """\
[device]
store = "ginza"

[[location]]
id = "ginza"
place = "here"
name = { ja = "銀座店", en = "Ginza" }

[upstream]
adapter = "mqtt"

[upstream.settings]
username = "front"
password = "hunter2"
"""
DEVICE = """\
unset = ["web.port"]

[device]
id = "front"

[[screen]]
id = "window"

[[screen]]
id = "counter"
device_class = "kiosk"
"""


@pytest.fixture
def config(tmp_path: Path, hashed: Path) -> Path:
    """A config directory with the accounts hanako (staff) and taro (it)."""
    folder = tmp_path / "front"
    folder.mkdir()
    for name, text in (("chain", CHAIN), ("store", STORE), ("device", DEVICE)):
        (folder / f"{name}.toml").write_text(text)
    (folder / "accounts.json").write_bytes(hashed.read_bytes())
    return folder


@pytest.fixture
def clock() -> SimpleNamespace:
    """The guard's clock, moved by setting ``now``."""
    return SimpleNamespace(now=1000.0)


@pytest.fixture
def health() -> Health:
    return Health()


@pytest.fixture
async def site(config: Path, clock: SimpleNamespace, health: Health) -> AsyncIterator[TestServer]:
    """The IT's pages, and ``/staff/`` as the studio would guard it, with the headers of the real service."""
    guard = Guard(Accounts(config / "accounts.json"), lambda: clock.now)

    async def staff(request: web.Request) -> web.Response:
        return web.Response(text=guard.require(request, Role.STAFF).name)

    app = web.Application(middlewares=[guard.middleware])
    app.on_response_prepare.append(headers(()))
    layered = load(config, STORE_LAYERS)
    app.add_routes([*guard.routes(), *pages.routes(health.parts, guard, layered.renewed, title="acme · ginza · front")])
    app.add_routes([web.get("/staff/", staff), web.post("/staff/", staff)])
    server = TestServer(app)
    async with server:
        yield server
