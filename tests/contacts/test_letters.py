"""Edges and a hub over a real broker: who hears of a spent token, and how signed files reach an edge."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from edge import hub
from edge.adapters import upstream_mqtt
from edge.config import Device, MemberCode, read_hub
from edge.contacts import topics
from edge.contacts.line import uplink
from edge.contacts.line.dial import Pace
from edge.contacts.line.post import Post
from edge.contacts.spool.opening import outbox
from edge.health import Health
from edge.letters import Letters, hears
from edge.members.classify import Reason, Recognised, Rejected
from edge.members.desk import Desk, desk
from edge.members.keyset import to_base64url
from edge.members.peers import News, read_news
from edge.model import Code
from edge.ports import Message
from edge.supervise import kept
from tests.members.signing import ROOT, SUB, deny, keyset, nothing, public, token

ROOTS = (to_base64url(public(ROOT)),)
README = Path(hub.__file__).parent / "README.md"


@dataclass
class Edge:
    """An edge's desk and wire, without its eyes and screens."""

    desk: Desk
    letters: Letters
    health: Health
    name: str

    async def take(self, code: Code) -> None:
        """Somebody shows a code here, and it is used up."""
        found = self.desk.classify(code, nothing)
        assert isinstance(found, Recognised)
        await self.letters.spend(found.replay, found.exp)

    def replayed(self, code: Code) -> bool:
        return self.desk.classify(code, nothing) == Rejected(Reason.REPLAY)

    @property
    def versions(self) -> tuple[int, int]:
        return self.desk.papers.keyset.version, self.desk.papers.deny.version


@asynccontextmanager
async def edge(folder: Path, port: int, device: str, store: str = "s1", named: bool = False) -> AsyncIterator[Edge]:
    """A running edge; ``port`` 1 is where no broker is, ``named`` says who it is to the broker."""
    who = Device(chain="acme", store=store, id=device, clock="trusted")
    home, health, name = folder / device, Health(), topics.edge_name(who)
    home.mkdir(exist_ok=True)
    settings = MemberCode(roots=ROOTS, keyset=Path("../keyset.json"))
    dial = upstream_mqtt.MqttDial(upstream_mqtt.Settings(port=port, timeout=1.0, user=name if named else ""), Path("."))
    async with desk(settings, who, home, home, health) as made, outbox(home / "outbox.sqlite", who) as box:
        letters = Letters(made, Post(hears(who, rotating=True)), who, health)
        wire = Pace(redial=0.02, redial_longest=0.1)
        line = partial(uplink.run, box, dial, who, health, wire, letters.post)
        async with kept({"letters": letters.run, "uplink": line}):
            yield Edge(made, letters, health, name)


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures are told as soon as there are any."""
    monkeypatch.setattr("edge.letters.FIGURES_S", 0.02)


@pytest.fixture
def chain(tmp_path: Path) -> Path:
    (tmp_path / "keyset.json").write_text(keyset())
    return tmp_path


@pytest.fixture
async def listener(dialled: Any) -> Any:
    """Counts who has asked, as an edge does once it is subscribed."""

    @asynccontextmanager
    async def listening(port: int) -> AsyncIterator[list[Message]]:
        heard: list[Message] = []

        async def listen() -> None:
            async with dialled(port)("listener", None, ("#",)) as link:
                async for message in link.messages():
                    heard.append(message)

        task = asyncio.ensure_future(listen())
        try:
            yield heard
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    return listening


def asked(heard: list[Message]) -> set[str]:
    return {message.topic.split("/")[3] for message in heard if message.payload.endswith(b'"ask":true}')}


@pytest.fixture(params=["mosquitto", "iotcore"])
def port(request: pytest.FixtureRequest) -> int:
    started = request.getfixturevalue(request.param)
    return started if isinstance(started, int) else int(started().port)


@pytest.mark.promise("M-2")
async def test_a_token_taken_at_one_edge_is_replayed_at_the_others_of_its_store_and_at_no_other(
    chain: Path, port: int, eventually: Any, listener: Any
) -> None:
    code, later = token(), token(later=1)
    async with (
        listener(port) as heard,
        edge(chain, port, "e1") as first,
        edge(chain, port, "e2") as second,
        edge(chain, port, "e3", "s2") as other,
    ):
        await eventually(lambda: asked(heard) >= {first.name, second.name, other.name})
        await first.take(code)
        await eventually(lambda: second.replayed(code))
        await other.take(later)
        await eventually(lambda: any(m.topic == "k/v1/s2/s2.e3/spent" and b"hash" in m.payload for m in heard))
        assert not other.replayed(code)
        assert not second.replayed(later)
    spent = b"".join(message.payload for message in heard if message.topic.startswith("k/"))
    assert SUB.encode() not in spent
    assert not any(message.retain for message in heard if message.topic.startswith("k/"))


@pytest.mark.promise("M-5")
async def test_what_was_taken_while_the_line_was_down_counts_once_it_is_back(
    chain: Path, mosquitto: Any, eventually: Any
) -> None:
    broker, code, other = mosquitto(), token(), token(later=1)
    broker.kill()
    async with edge(chain, broker.port, "e1") as first, edge(chain, broker.port, "e2") as second:
        await first.take(code)
        await second.take(other)
        assert first.replayed(code)
        assert not second.replayed(code)
        broker.start()
        await eventually(lambda: second.replayed(code) and first.replayed(other))


async def test_an_edge_that_comes_later_asks_and_is_told_what_still_lives(
    chain: Path, port: int, eventually: Any, listener: Any
) -> None:
    code = token()
    async with listener(port) as heard, edge(chain, port, "e1") as first:
        await eventually(lambda: first.name in asked(heard))
        await first.take(code)
        await eventually(lambda: any(b"hash" in message.payload for message in heard))
        async with edge(chain, port, "e2") as second:
            assert second.desk is not first.desk
            await eventually(lambda: second.replayed(code))
        assert first.replayed(code)


def dropped(edge: Any) -> float:
    wire = next((part for part in edge.health.parts() if part.kind == "wire"), None)
    return wire.figures["letters_dropped"] if wire else 0.0


@pytest.mark.promise("X-3")
async def test_hostile_letters_are_dropped_and_counted_and_the_good_one_after_them_counts(
    chain: Path, mosquitto: Any, eventually: Any, dialled: Any, listener: Any
) -> None:
    port, code = mosquitto().port, token()
    async with listener(port) as heard, edge(chain, port, "e1") as first, edge(chain, port, "e2") as second:
        await eventually(lambda: asked(heard) >= {first.name, second.name})
        async with dialled(port)("stranger", None, ()) as link:
            for payload in (b"", b"[", b"\xff", b"{}", b"x" * 100_000, b'{"format":"tentou-spent/1","spent":[{}]}'):
                for topic in ("k/v1/s1/s1.e9/spent", "k/v1/s1/s2.e9/spent", topics.KEYSET, topics.DENY):
                    await link.publish(Message(topic, payload))
        await first.take(code)
        await eventually(lambda: second.replayed(code))
        await eventually(lambda: dropped(second) >= 12)
        assert second.versions == (1, 0)
        assert isinstance(second.desk.classify(token(later=2), nothing), Recognised)


@asynccontextmanager
async def head_office(folder: Path, port: int) -> AsyncIterator[hub.Hub]:
    """A running hub that hands out what lies in its folder."""
    lines = ['keyset = "keyset.json"', 'deny = "deny.json"', "[web]", "port = 0", "[upstream]", 'adapter = "mqtt"']
    folder.mkdir(exist_ok=True)
    (folder / "hub.toml").write_text("\n".join([*lines, f"settings = {{ port = {port} }}", ""]))
    async with hub.running(read_hub(folder), folder) as running:
        yield running


@pytest.mark.promise("M-5")
async def test_a_key_set_and_a_deny_list_reach_an_edge_by_retained_letter_and_outlive_a_start_off_line(
    chain: Path, mosquitto: Any, eventually: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.members.handout.LOOK_S", 0.05)
    port, office = mosquitto().port, chain / "hub"
    office.mkdir()
    (office / "keyset.json").write_text(keyset(2))
    (office / "deny.json").write_text(deny(1, []))
    async with head_office(office, port), edge(chain, port, "e1") as first:
        await eventually(lambda: first.versions == (2, 1))
        (office / "keyset.json").write_text("half a fi")
        (office / "deny.json").write_text(deny(2))
        await eventually(lambda: first.versions == (2, 2))
        (office / "keyset.json").write_text(keyset(3))
        await eventually(lambda: first.versions == (3, 2))
    async with edge(chain, port, "e2") as newcomer:  # the hub is away; the broker has kept its letters
        await eventually(lambda: newcomer.versions == (3, 2))
    async with edge(chain, 1, "e1") as again:
        assert again.versions == (3, 2)
        assert again.desk.classify(token(), nothing) == Rejected(Reason.DENIED)


async def test_head_office_hears_which_versions_an_edge_holds(
    chain: Path, mosquitto: Any, eventually: Any, listener: Any
) -> None:
    port = mosquitto().port
    (chain / "deny.json").write_text(deny(5))

    def said(heard: list[Message]) -> Callable[[], bool]:
        return lambda: any(b'"keyset": 1, "deny": 5' in m.payload for m in heard if m.topic == "s/v1/s1.e1/state")

    async with listener(port) as heard, edge(chain, port, "e1") as first:
        await eventually(lambda: first.name in asked(heard))
        first.desk.papers.deny.offer(deny(5), "topic")  # type: ignore[arg-type]
        await eventually(said(heard))
        assert first.versions == (1, 5)


async def test_the_access_list_of_the_readme_lets_edges_speak_for_themselves_alone(
    chain: Path, mosquitto: Any, eventually: Any, tmp_path: Path
) -> None:
    fenced = re.findall(r"```\n# /etc/mosquitto/tentou\.acl\n(.*?)```", README.read_text(), re.DOTALL)
    (tmp_path / "acl").write_text(fenced[0])
    port, code = mosquitto(f"acl_file {tmp_path / 'acl'}").port, token()
    async with edge(chain, port, "e1", named=True) as first, edge(chain, port, "e2", named=True) as second:
        await first.take(code)
        await eventually(lambda: second.replayed(code))
        settings = upstream_mqtt.Settings(port=port, user=second.name)
        async with upstream_mqtt.MqttDial(settings, tmp_path)("forger", None, ()) as link:
            assert await link.publish(Message("k/v1/s1/s1.e1/spent", b"{}")) == 0x87


async def test_an_edges_own_letter_that_comes_back_is_no_strangers(chain: Path, eventually: Any) -> None:
    who, health, post = Device(chain="acme", store="s1", id="e1"), Health(), Post()
    async with (
        desk(MemberCode(roots=ROOTS), who, chain, chain, Health()) as made,
        kept({"letters": Letters(made, post, who, health).run}),
    ):
        post.arrived(Message("k/v1/s1/s1.e1/spent", b"{}"))
        post.arrived(Message("k/v1/s2/s2.e1/spent", b"{}"))
        await eventually(lambda: [part.figures for part in health.parts()] == [{"letters_dropped": 1}])


async def test_an_edge_that_learns_the_time_asks_again(
    chain: Path, eventually: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = False
    monkeypatch.setattr("edge.members.timekeeper.kernel_synced", lambda: synced)
    monkeypatch.setattr("edge.members.desk.LOOK_AGAIN", 0.02)
    who, sent = Device(chain="acme", store="s1", id="e1"), list[Message]()
    async with desk(MemberCode(roots=ROOTS), who, chain, chain, Health()) as made:
        post = Post()
        monkeypatch.setattr(post, "send", sent.append)
        async with kept({"letters": Letters(made, post, who, Health()).run}):
            await asyncio.sleep(0.1)
            assert sent == []
            synced = True
            await eventually(lambda: sent)
            await asyncio.sleep(0.1)
    assert [read_news(message.payload) for message in sent] == [News(ask=True)]
