"""Every command, setting, adapter, MQTT topic and promise stands in a README."""

from __future__ import annotations

import argparse
import inspect
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from edge import config, plug
from edge.contacts import topics

ROOT = Path(__file__).parent.parent
PORTS = ("camera", "scanner", "members", "stock", "upstream", "sink")
COUNT = {"V": 6, "M": 5, "S": 5, "K": 5, "C": 5, "L": 8, "P": 7, "X": 4}

FENCED = re.compile(r"^ *(```|~~~).*?^ *\1", re.DOTALL | re.MULTILINE)
SPAN = re.compile(r"(`+)(.+?)\1", re.DOTALL)


def spans(text: str) -> frozenset[str]:
    """What stands in backticks in a README, white space evened out; fenced blocks are examples and do not count."""
    return frozenset(" ".join(span.split()) for _, span in SPAN.findall(FENCED.sub("", text)))


def readmes() -> Mapping[str, str]:
    """Every README of the tree, by its path."""
    found: dict[str, str] = {}
    for folder, below, files in os.walk(ROOT):  # which passes over a folder that another test takes away meanwhile
        below[:] = [name for name in below if not name.startswith(".") and name != "node_modules"]
        if "README.md" in files:
            path = Path(folder, "README.md")
            found[str(path.relative_to(ROOT))] = path.read_text()
    return found


@pytest.fixture(scope="module")
def said() -> Mapping[str, frozenset[str]]:
    """What stands in backticks, by README."""
    return {path: spans(text) for path, text in readmes().items()}


def complain(what: str, missing: Iterable[str]) -> None:
    """Fail with one line for each thing that no README names."""
    if found := sorted(missing):
        head = f"{len(found)} {what} do not stand in backticks in any README.md of the tree:"
        pytest.fail("\n".join([head, *(f"  `{name}`" for name in found)]), pytrace=False)


def commands(parser: argparse.ArgumentParser, name: str) -> Iterator[str]:
    """The full names of the commands under a parser, groups and their commands alike."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, below in action.choices.items():
                yield f"{name} {word}"
                yield from commands(below, f"{name} {word}")


def keys(model: type[BaseModel], before: str = "") -> Iterator[str]:
    """The dotted keys of a settings model; a list of groups (``[[screen]]``) counts as one group."""
    for name, field in model.model_fields.items():
        groups = list(models(field.annotation))
        if not groups:
            yield before + name
        for group in groups:
            yield from keys(group, f"{before}{name}.")


def models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The settings models inside an annotation such as ``tuple[Screen, ...] | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from models(inner)


def topic_templates() -> Iterator[str]:
    """The module's constants, and what its functions of texts give when called with their parameters' own names."""
    for name, value in vars(topics).items():
        if name.startswith("_"):
            continue
        if isinstance(value, str) and "/" in value:
            yield value
        if inspect.isfunction(value) and value.__module__ == topics.__name__:
            signature = inspect.signature(value, eval_str=True)
            texts = all(parameter.annotation is str for parameter in signature.parameters.values())
            if texts and signature.return_annotation is str:
                yield value(*(f"{{{parameter}}}" for parameter in signature.parameters))


def test_every_command_stands_in_a_readme(said: Mapping[str, frozenset[str]]) -> None:
    from edge.__main__ import parser  # here, as a command that cannot be imported is that test's finding alone

    named = {f"{span} " for some in said.values() for span in some}
    every = set(commands(parser(), "tentou"))
    assert every
    complain("commands", (name for name in every if not any(span.startswith(f"{name} ") for span in named)))


@pytest.mark.parametrize("model", [config.Store, config.Hub])
def test_every_setting_stands_in_a_readme(said: Mapping[str, frozenset[str]], model: type[BaseModel]) -> None:
    named = {span for some in said.values() for span in some}
    complain(f"settings of {model.__name__}", set(keys(model)) - named)


@pytest.mark.parametrize("port", PORTS)
def test_every_adapter_and_its_settings_stand_together_in_a_readme(
    said: Mapping[str, frozenset[str]], port: str
) -> None:
    missing = []
    for name in plug.known(port):
        adapter = f"{port}_{name}"
        homes = [some for some in said.values() if adapter in some]
        wanted = set(keys(plug.adapter(port, name).Settings))
        lacking = min((wanted - some for some in homes), key=len, default=wanted)
        missing += [] if homes else [adapter]
        missing += [f"{key}` beside `{adapter}" for key in lacking]
    complain(f"names of {port} adapters and their settings", missing)


@pytest.mark.parametrize("port", PORTS)
def test_every_port_has_an_adapter(port: str) -> None:
    assert plug.known(port)


def test_every_mqtt_topic_stands_in_a_readme(said: Mapping[str, frozenset[str]]) -> None:
    named = {span for some in said.values() for span in some}
    every = {topic for topic in topic_templates() if "/" in topic}
    assert every
    complain("MQTT topics", every - named)


def test_every_promise_stands_in_a_readme() -> None:
    text = "\n".join(readmes().values())
    every = {f"{letter}-{number}" for letter, count in COUNT.items() for number in range(1, count + 1)}
    complain("promises (a row of a table does too)", (id for id in every if not re.search(rf"\b{id}\b", text)))


def test_only_what_stands_in_backticks_outside_examples_counts() -> None:
    text = "`tentou run\n--config DIR` and ``a`b``\n```toml\nkey = `no`\n```\n`web.port`, plain"
    assert spans(text) == {"tentou run --config DIR", "a`b", "web.port"}


def test_every_test_that_a_readme_names_is_there(said: Mapping[str, frozenset[str]]) -> None:
    known = set(re.findall(r"def (test_\w+)", "".join(path.read_text() for path in (ROOT / "tests").rglob("*.py"))))
    named = {span for spans in said.values() for span in spans if re.fullmatch(r"test_\w+", span)}
    assert named
    assert not named - known


def test_keys_are_dotted_through_lists_and_optional_groups() -> None:
    found = set(keys(config.Store))
    assert {"device.chain", "screen.idle_s", "member_code.static.pattern", "members.adapter", "stock.id"} <= found
    assert not {"screen", "members", "device"} & found
