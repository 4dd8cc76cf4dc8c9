"""Signing in and out, for the staff's and the IT's pages alike, and the guard that every such page asks."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from urllib.parse import quote

import jinja2
from aiohttp import web

from provisioning import accounts as book
from provisioning import language, origin
from provisioning.accounts import Account, Accounts, Role
from provisioning.i18n import environments
from provisioning.sessions import Sessions
from provisioning.throttle import Throttle, source

log = logging.getLogger(__name__)

HERE = Path(__file__).parent
COOKIE = "tentou_session"
HOME = {Role.STAFF: "/staff/", Role.IT: "/it/"}
LARGEST_FORM = 8192
WAITING = 8
"""Passwords that may wait for one of the two hashing threads; each takes 64 MiB, so more is turned away."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def pages() -> Mapping[str, jinja2.Environment]:
    """The environments of the sign-in page and the IT's pages."""
    return environments(HERE / "templates", HERE / "locales", language.LANGUAGES)


class Guard:
    """Knows who is signed in. One a process; the staff's and the IT's rooms share it."""

    def __init__(self, accounts: Accounts, clock: Callable[[], float] = time.monotonic) -> None:
        self.accounts = accounts
        self._clock = clock
        self._sessions = Sessions()
        self._throttle = Throttle()
        self._hashing = asyncio.Semaphore(2)
        self._waiting = 0
        self._pages = pages()

    def user(self, request: web.Request, active: bool = True) -> Account | None:
        """Who sent the request. ``active`` False is for a page's own polling, which must keep no session awake.

        An account that was removed, or whose password or role changed, is signed out.
        """
        token = request.cookies.get(COOKIE, "")
        account = self._sessions.find(token, self._clock(), active)
        if account is not None and self.accounts.find(account.name) != account:
            self._sessions.end(token)
            return None
        return account

    def require(self, request: web.Request, role: Role, active: bool = True) -> Account:
        """Who sent the request, with the right to ``role``'s pages; raises HTTPSeeOther to the sign-in page."""
        account = self.user(request, active)
        if account is not None and account.may(role):
            return account
        back = request.path_qs if request.method in origin.SAFE_METHODS else HOME[role]
        raise web.HTTPSeeOther(f"/signin?role={role}&next={quote(back, safe='/')}")

    def routes(self) -> list[web.AbstractRouteDef]:
        """``/signin``, ``/signout``, and the static files of both."""
        return [
            web.get("/signin", self._show),
            web.post("/signin", self._sign_in),
            web.post("/signout", self._sign_out),
            web.static("/signin/static", HERE / "static"),
        ]

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuses another site's requests that could change something; put it before every other room."""
        if origin.changes(request.method, request.headers) and not origin.own(
            request.headers, request.host, COOKIE in request.cookies
        ):
            log.warning("refused a cross-site %s", request.method)
            raise web.HTTPForbidden(text="This request came from another site. Open the page itself and try again.\n")
        return await handler(request)

    async def _show(self, request: web.Request) -> web.Response:
        """The sign-in page."""
        return self._page(request, request.query.get("next", ""))

    async def _sign_in(self, request: web.Request) -> web.Response:
        """Sign in; back to where the person wanted to go."""
        form = await _small_form(request)
        name, password, back = (str(form.get(key, "")) for key in ("name", "password", "next"))
        name = name.strip().lower()[:64]
        keys = (("account", name), source(request.remote or ""))
        wait = 2.0 if self._waiting >= WAITING else self._throttle.attempt(keys, self._clock())
        if wait > 0:
            return self._page(request, back, "wait", name, wait)
        account = self.accounts.find(name)
        if not await self._verified(account, password) or account is None:
            log.warning("a sign-in with a wrong name or password from %s", request.remote)
            return self._page(request, back, "wrong", name)
        self._throttle.forgive(*keys)
        self._sessions.end(request.cookies.get(COOKIE, ""))
        log.info("an account of role %s signed in", account.role)
        answer = web.Response(status=303, headers={"Location": origin.safe_path(back, HOME[account.role])})
        token = self._sessions.begin(account, self._clock())
        answer.set_cookie(COOKIE, token, httponly=True, samesite="Strict", path="/", secure=request.secure)
        return answer

    async def _verified(self, account: Account | None, password: str) -> bool:
        self._waiting += 1
        try:
            async with self._hashing:
                return await asyncio.to_thread(book.verify, account, password[: book.LONGEST + 1])
        finally:
            self._waiting -= 1

    async def _sign_out(self, request: web.Request) -> web.Response:
        """End this session, or with the field ``everywhere`` all sessions of the account."""
        form = await _small_form(request)
        account = self.user(request)
        if account is not None and form.get("everywhere"):
            self._sessions.end_all(account.name)
        self._sessions.end(request.cookies.get(COOKIE, ""))
        answer = web.Response(status=303, headers={"Location": "/signin"})
        answer.del_cookie(COOKIE, path="/", httponly=True, samesite="Strict")
        return answer

    def _page(
        self, request: web.Request, back: str, problem: str = "", name: str = "", wait: float = 0.0
    ) -> web.Response:
        status = {"": 200, "wrong": 401, "wait": 429}[problem]
        asked = request.query.get("role", "")
        account = self.user(request)
        text = (
            self._pages[language.chosen(request)]
            .get_template("signin.html")
            .render(
                static="/signin/static",
                back=origin.safe_path(back, ""),
                problem=problem,
                name=name,
                wait=math.ceil(wait),
                role=asked if asked in HOME else "",
                account=account,
                empty=not self.accounts.all(),
                folder=self.accounts.path.parent.name,
            )
        )
        answer = web.Response(text=text, content_type="text/html", status=status)
        if problem == "wait":
            answer.headers["Retry-After"] = str(math.ceil(wait))
        answer.headers["Cache-Control"] = "no-store"
        language.remember(request, answer)
        return answer


async def _small_form(request: web.Request) -> Mapping[str, object]:
    """The fields of a form without files; raises HTTPRequestEntityTooLarge or HTTPUnsupportedMediaType."""
    size = request.content_length
    if size is None or size > LARGEST_FORM:
        raise web.HTTPRequestEntityTooLarge(LARGEST_FORM, size or 0)
    if size and request.content_type != "application/x-www-form-urlencoded":
        raise web.HTTPUnsupportedMediaType
    return await request.post()
