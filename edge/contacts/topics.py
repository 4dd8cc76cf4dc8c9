"""The MQTT topics of the wire; ids come from a strict alphabet, so a topic cannot be forged from one."""

from __future__ import annotations

import re

from edge.config import Device

CONTACTS = "c/v1/+/contact/+"
"""What the inbox subscribes to."""

BATCHES = "c/v1/+/batch"
"""Where edges publish a backlog, many contacts in one message; the inbox subscribes to it, too."""

STATES = "s/v1/+/state"
"""Where head office's hub hears how edges are."""

INBOX = "u/v1/all/inbox"
"""Retained: whether head office's inbox is online. An edge that hears it start sends at once what waits."""

KEYSET = "u/v1/all/keyset"
"""Retained: the chain's key set, as head office's hub holds it."""

DENY = "u/v1/all/deny"
"""Retained: the chain's deny list, likewise."""

POLICY = "u/v1/all/policy"
"""Retained: how fast the chain's edges may send a backlog, and over how long they spread their return."""

ERASE = "u/v1/all/erase"
"""Retained: the chain's signed list of members who are to be erased."""

_SPENT = re.compile(r"k/v1/(?P<store>[a-z0-9-]{1,63})/(?P<edge>[a-z0-9.-]{1,127})/spent")
_CONTACT = re.compile(r"c/v1/(?P<edge>[a-z0-9.-]{1,127})/contact/(?P<kind>[a-z_]{1,32})")
_STATE = re.compile(r"s/v1/(?P<edge>[a-z0-9.-]{1,127})/state")
_BATCH = re.compile(r"c/v1/(?P<edge>[a-z0-9.-]{1,127})/batch")


def edge_of(store: str, device: str) -> str:
    """An edge's name on the wire, its MQTT client id and its certificate's common name.

    Ids hold hyphens but no dot, so the dot keeps store ``a-b`` device ``c`` apart from store ``a`` device ``b-c``.
    """
    return f"{store}.{device}"


def edge_name(device: Device) -> str:
    """The name of this edge on the wire."""
    return edge_of(device.store, device.id)


def contact(edge: str, kind: str) -> str:
    """Where an edge publishes its contacts, a CloudEvent each."""
    return f"c/v1/{edge}/contact/{kind}"


def batch(edge: str) -> str:
    """Where an edge publishes many contacts at once (``edge.contacts.batch``)."""
    return f"c/v1/{edge}/batch"


def ack(edge: str) -> str:
    """Where the inbox tells an edge how far it has committed; retained."""
    return f"u/v1/{edge}/ack"


def state(edge: str) -> str:
    """Where an edge tells that it is online, and the broker by its will that it is not; retained."""
    return f"s/v1/{edge}/state"


def spent(store: str, edge: str) -> str:
    """Where an edge tells the others of its store which tokens are used up; ``+`` for ``edge`` is what they hear.

    The edge's whole name stands in it, so that a broker's access list can tie it to the certificate.
    """
    return f"k/v1/{store}/{edge}/spent"


def peer_that_sent(topic: str, device: Device) -> str | None:
    """The other edge of this device's store whose topic this is, None if it is none's."""
    match = _SPENT.fullmatch(topic)
    if match is None or match["store"] != device.store or match["edge"] == edge_name(device):
        return None
    return match["edge"] if match["edge"].startswith(f"{device.store}.") else None


def edge_that_sent(topic: str) -> str | None:
    """The edge whose contact topic this is, None if it is no contact topic."""
    match = _CONTACT.fullmatch(topic)
    return match["edge"] if match else None


def edge_that_told(topic: str) -> str | None:
    """The edge whose state's topic this is, None if it is none."""
    match = _STATE.fullmatch(topic)
    return match["edge"] if match else None


def edge_that_batched(topic: str) -> str | None:
    """The edge whose topic of batches this is, None if it is none."""
    match = _BATCH.fullmatch(topic)
    return match["edge"] if match else None
