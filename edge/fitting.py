"""Whether every adapter that the settings choose exists and takes them, told with file and line before a start."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from edge import config, plug
from edge.members import papers
from edge.members.static import BadRule, compile_rules
from edge.stock.intake.opening import can_of
from edge.stock.shops import shop
from edge.stock.system import Push
from provisioning.layers import HUB_LAYERS, STORE_LAYERS, Layered, load

EYES = frozenset({"camera"})
"""Ports whose adapters run in a process of their own, which tells its bad settings on the health page."""

HOOKS = ("secret_file", "hook_url")
"""Settings that nothing reads where a system sends no webhooks."""


@dataclass(frozen=True, slots=True)
class Choice:
    """An adapter that the settings choose: of which port, for whom, and at which key."""

    port: str
    name: str
    key: str
    adapter: config.Adapter


def choices(settings: config.Store | config.Hub) -> Iterator[Choice]:
    """Every adapter that the settings choose."""
    for at, channel in enumerate(settings.stock):
        yield Choice("stock", f"stock {channel.id}", f"stock.{at}", channel)
    if settings.upstream is not None:
        yield Choice("upstream", "upstream", "upstream", settings.upstream)
    if settings.members is not None:
        yield Choice("members", "members", "members", settings.members)
    if isinstance(settings, config.Hub):
        yield Choice("sink", "sink", "sink", settings.sink)
        return
    for at, camera in enumerate(settings.camera):
        yield Choice("camera", f"camera {camera.id}", f"camera.{at}", camera)
    for at, scanner in enumerate(settings.scanner):
        yield Choice("scanner", f"scanner {scanner.id}", f"scanner.{at}", scanner)


def fitted(choice: Choice, layered: Layered) -> config.Settings:
    """The adapter's own settings; raises BadConfig with the file and line of what is wrong."""
    try:
        module = plug.adapter(choice.port, choice.adapter.adapter)
    except plug.UnknownAdapter as error:
        raise config.BadConfig(f"{layered.where(f'{choice.key}.adapter')}: {error}") from error
    model: type[config.Settings] = module.Settings
    fitting = config.placed(model, choice.adapter.settings, layered, f"{choice.key}.settings.")
    deaf = isinstance(fitting, shop.Settings) and can_of(module, fitting).push is Push.NONE
    for name in HOOKS if deaf else ():
        if choice.adapter.settings.get(name):
            key = f"{choice.key}.settings.{name}"
            raise config.BadConfig(f"{layered.where(key)}: {key}: this system sends no webhooks; leave it out")
    return fitting


def need(settings: config.Store | config.Hub, folder: Path, besides: Collection[str] = EYES) -> None:
    """Every adapter fits, but those of the ports ``besides``, and every rule is safe; raises BadConfig with all that
    is wrong."""
    layered = layers(settings, folder)
    wrong = list(unsafe(settings, layered)) if isinstance(settings, config.Store) else []
    for choice in choices(settings):
        try:
            if choice.port not in besides:
                fitted(choice, layered)
        except config.BadConfig as error:
            wrong.append(str(error))
    if wrong:
        raise config.BadConfig("\n".join(wrong))


def unsafe(store: config.Store, layered: Layered) -> Iterator[str]:
    """Why rules of fixed member numbers and addresses of signed files cannot be safe, with file and line."""
    for key, why in papers.unsafe(store.member_code):
        yield f"{layered.where(key)}: {key}: {why}"
    try:
        compile_rules(store.member_code)
    except BadRule as error:
        yield f"{layered.where('member_code.static')}: {error}"


def layers(settings: config.Store | config.Hub, folder: Path) -> Layered:
    """The layers that the settings came from."""
    return load(folder, HUB_LAYERS if isinstance(settings, config.Hub) else STORE_LAYERS)
