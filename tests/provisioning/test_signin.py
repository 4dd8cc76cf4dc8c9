"""Signing in: who gets in, who waits, and which requests count (promise X-4)."""

import io
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from aiohttp import ClientResponse, ClientSession, CookieJar, WSServerHandshakeError
from aiohttp.test_utils import TestServer

from provisioning import origin
from provisioning.accounts import Accounts, Role
from provisioning.signin import COOKIE

PASSWORD = "correct horse battery"


@pytest.fixture
async def browser(site: TestServer) -> AsyncIterator[ClientSession]:
    """A client that keeps cookies and sends the Origin that a browser would."""
    own = str(site.make_url("")).rstrip("/")
    async with ClientSession(own, cookie_jar=CookieJar(unsafe=True), headers={"Origin": own}) as session:
        yield session


async def sign_in(browser: ClientSession, name: str, password: str = PASSWORD, back: str = "") -> ClientResponse:
    form = {"name": name, "password": password, "next": back}
    return await browser.post("/signin", data=form, allow_redirects=False)


async def status(browser: ClientSession, path: str) -> int:
    return (await browser.get(path, allow_redirects=False)).status


async def test_a_person_comes_back_to_the_page_they_wanted(browser: ClientSession) -> None:
    sent = await browser.get("/it/config?x=1", allow_redirects=False)
    assert (sent.status, sent.headers["Location"]) == (303, "/signin?role=it&next=/it/config?x%3D1")
    asked = await browser.get(sent.headers["Location"])
    assert 'value="/it/config?x=1"' in await asked.text()
    assert (await sign_in(browser, "taro", back="/it/config?x=1")).headers["Location"] == "/it/config?x=1"
    assert await status(browser, "/it/config?x=1") == 200


@pytest.mark.promise("X-4")
async def test_the_cookie_is_kept_from_scripts_and_other_sites(browser: ClientSession) -> None:
    cookie = (await sign_in(browser, "hanako")).cookies[COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/")
    assert len(cookie.value) >= 43


@pytest.mark.parametrize(("name", "staff", "it"), [("hanako", 200, 303), ("taro", 200, 200), ("nobody", 303, 303)])
async def test_each_role_opens_its_own_pages(browser: ClientSession, name: str, staff: int, it: int) -> None:
    await sign_in(browser, name)
    assert (await status(browser, "/staff/"), await status(browser, "/it/")) == (staff, it)


async def test_a_wrong_name_and_a_wrong_password_look_the_same(browser: ClientSession) -> None:
    wrong = [await sign_in(browser, "taro", "no"), await sign_in(browser, "admn", PASSWORD)]
    texts = [(await answer.text()).replace("admn", "taro") for answer in wrong]
    assert [answer.status for answer in wrong] == [401, 401]
    assert texts[0] == texts[1]


@pytest.mark.promise("X-4")
async def test_after_five_wrong_passwords_the_right_one_waits_too(
    browser: ClientSession, clock: SimpleNamespace
) -> None:
    for _ in range(5):
        assert (await sign_in(browser, "taro", "wrong password")).status == 401
    answer = await sign_in(browser, "taro")
    assert (answer.status, answer.headers["Retry-After"]) == (429, "1")
    clock.now += 1.1
    assert (await sign_in(browser, "taro")).status == 303


@pytest.mark.parametrize(
    ("name", "page", "idle"), [("taro", "/it/", 15 * 60), ("hanako", "/staff/", 8 * 3600), ("taro", "/staff/", 15 * 60)]
)
async def test_an_idle_session_ends(
    browser: ClientSession, clock: SimpleNamespace, name: str, page: str, idle: float
) -> None:
    await sign_in(browser, name)
    clock.now += idle - 1
    assert await status(browser, page) == 200
    clock.now += idle + 1
    assert await status(browser, page) == 303


async def test_a_page_that_polls_by_itself_keeps_no_session_awake(
    browser: ClientSession, clock: SimpleNamespace
) -> None:
    await sign_in(browser, "taro")
    clock.now += 14 * 60
    assert await status(browser, "/it/state.json") == 200
    clock.now += 2 * 60
    assert await status(browser, "/it/state.json") == 303


async def test_no_session_outlives_a_long_day(browser: ClientSession, clock: SimpleNamespace) -> None:
    await sign_in(browser, "taro")
    for _ in range(12 * 6):
        assert await status(browser, "/it/") == 200
        clock.now += 601
    assert await status(browser, "/it/") == 303


@pytest.mark.promise("X-4")
@pytest.mark.parametrize("everywhere", ["", "1"])
async def test_signing_out_ends_this_session_or_all_of_them(
    site: TestServer, browser: ClientSession, everywhere: str
) -> None:
    first = (await sign_in(browser, "taro")).cookies[COOKIE].value
    async with ClientSession(site.make_url(""), cookies={COOKIE: first}) as elsewhere:
        await sign_in(browser, "taro")  # ends the first session, as a browser has one
        assert await status(elsewhere, "/it/") == 303
    async with ClientSession(site.make_url("/"), cookie_jar=CookieJar(unsafe=True)) as elsewhere:
        await sign_in(elsewhere, "taro")
        await browser.post("/signout", data={"everywhere": everywhere}, allow_redirects=False)
        assert await status(browser, "/it/") == 303
        assert await status(elsewhere, "/it/") == (303 if everywhere else 200)


@pytest.mark.promise("X-4")
@pytest.mark.parametrize("change", ["removed", "password"])
async def test_a_changed_account_is_signed_out(browser: ClientSession, config: Path, change: str) -> None:
    await sign_in(browser, "taro")
    accounts = Accounts(config / "accounts.json")
    if change == "removed":
        accounts.remove("taro")
    else:
        accounts.add("taro", Role.IT, "another good password")
    assert await status(browser, "/it/") == 303


@pytest.mark.promise("X-4")
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_another_site_can_change_nothing(browser: ClientSession, headers: dict[str, str]) -> None:
    await sign_in(browser, "hanako")
    for path in ("/staff/", "/signin", "/signout"):
        assert (await browser.post(path, headers=headers, allow_redirects=False)).status == 403
    assert await status(browser, "/staff/") == 200
    with pytest.raises(WSServerHandshakeError, match="403"):
        await browser.ws_connect("/staff/", headers=headers)


@pytest.mark.parametrize(
    ("headers", "cookie", "own"),
    [
        ({}, False, True),
        ({}, True, False),
        ({"Origin": "http://shop:80"}, True, True),
        ({"Origin": "http://shop:81"}, True, False),
        ({"Origin": "http://["}, False, False),
        ({"Sec-Fetch-Site": "none"}, True, True),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://proxy"}, True, True),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://shop:80"}, True, False),
    ],
)
def test_whose_request_it_is(headers: dict[str, str], cookie: bool, own: bool) -> None:
    assert origin.own(headers, "shop:80", cookie) is own


@pytest.mark.promise("X-4")
@pytest.mark.parametrize(
    "path",
    ["//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example", "javascript:alert(1)", "", "it"],
)
async def test_signing_in_leads_to_no_other_site(browser: ClientSession, path: str) -> None:
    assert (await sign_in(browser, "taro", back=path)).headers["Location"] == "/it/"


async def test_a_form_with_a_file_or_too_large_is_refused(browser: ClientSession) -> None:
    assert (await browser.post("/signin", data={"name": "x" * 9000})).status == 413
    assert (await browser.post("/signin", data={"name": io.BytesIO(b"x")})).status == 415


async def test_what_a_person_typed_comes_back_escaped_and_without_the_password(browser: ClientSession) -> None:
    text = await (await sign_in(browser, "<script>", "my secret words")).text()
    assert "&lt;script&gt;" in text
    assert "my secret words" not in text


@pytest.mark.promise("X-4")
@pytest.mark.parametrize("path", ["/signin", "/it/", "/it/config", "/it/state.json", "/signin/static/signin.js"])
async def test_every_page_runs_under_a_strict_policy(browser: ClientSession, path: str) -> None:
    await sign_in(browser, "taro")
    answer = await browser.get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert answer.status == 200
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
