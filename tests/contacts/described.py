"""What the AsyncAPI document and the schemas beside it say of a message, for tests that listen on a wire."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator
from referencing import Registry
from referencing.jsonschema import DRAFT7

import edge.contacts
from edge.contacts.batch import read_batch

FOLDER = Path(edge.contacts.__file__).parent
DOCUMENT: dict[str, Any] = json.loads((FOLDER / "asyncapi.json").read_text())
SCHEMAS: dict[str, Any] = {path.stem: json.loads(path.read_text()) for path in (FOLDER / "schemas").glob("*.json")}

GAP = "tentou.contact.gap.v1"
"""It alone goes over another kind's topic where the broker refuses its own."""


@cache
def registry() -> Registry[Any]:
    """All our files under their own addresses, so that one finds the other."""
    files = {FOLDER / "asyncapi.json": DOCUMENT}
    files |= {FOLDER / "schemas" / f"{name}.json": schema for name, schema in SCHEMAS.items()}
    return Registry().with_resources((path.as_uri(), DRAFT7.create_resource(made)) for path, made in files.items())


@cache
def validator(place: str) -> Draft7Validator:
    """What checks a value against the schema at a place, such as ``schemas/scan.json`` or ``asyncapi.json#/…``."""
    return Draft7Validator({"$ref": f"{FOLDER.as_uri()}/{place}"}, registry=registry())


def faults(place: str, value: object) -> list[str]:
    """What a value breaks there, innermost first."""
    return [f"{error.json_path}: {error.message}" for error in validator(place).iter_errors(value)]


def channel_of(topic: str) -> str:
    """The channel of a topic; a topic of none is an AssertionError."""
    for name, channel in DOCUMENT["channels"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", channel["address"]), topic):
            return str(name)
    raise AssertionError(f"{topic} is in no channel")


def heard(topic: str, payload: bytes) -> list[str]:
    """What a message on the wire breaks of what is said of its channel."""
    match channel_of(topic):
        case "contact":
            told = json.loads(payload)
            own = f"tentou.contact.{topic.rpartition('/')[2]}.v1" if told["type"] != GAP else GAP
            return [*event(told), *([] if told["type"] == own else [f"{told['type']} on {topic}"])]
        case "batch":
            return [fault for body in read_batch(payload) for fault in event(json.loads(body))]
        case "policy" if not payload:
            return []
        case name:
            return faults(f"asyncapi.json#/components/schemas/{name}", json.loads(payload))


def event(told: dict[str, Any]) -> list[str]:
    """What a contact breaks of its own type's schema, wherever it was found."""
    return faults(f"schemas/{told['type'].split('.')[2]}.json", told)
