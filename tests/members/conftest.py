"""The issuer of RFC 8032 7.1 test 1, whose token MEMBER_CODES 2 prints, and an edge that believes it."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.config import StaticRule
from edge.members.classify import Context
from edge.members.clock import ClockState
from edge.members.keyset import Key, KeySet, kid_of
from edge.members.static import compile_rules

SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
SAMPLE = (
    "MC1:PWGSLKOE6QR836W8CSU6BW%K%UDEB8RM8Z3FV*873DHA9CF3EIM-N2CF3BIMF8G%Q8000D10100000* GKB0E73R6NQ7B788UFEY*O:5WL"
    "+TEKADBH5VQ9X2KMU9NRW9Q/EBVAU.2S3AL2CBC3715S7DN7L49Q44J36OIX4AVMT1K2BYH:I0TU3HSI.XL90"
)
IAT, EXP = 1_790_000_000, 1_790_000_660


@pytest.fixture
def issuer() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(SEED)


@pytest.fixture
def sample() -> str:
    return SAMPLE


@pytest.fixture
def keyset(issuer: Ed25519PrivateKey) -> KeySet:
    public = issuer.public_key().public_bytes_raw()
    key = Key(kid_of(public), public, IAT - 86_400, IAT + 86_400)
    return KeySet("demo", 1, IAT - 86_400, IAT + 86_400, {key.kid: key})


@pytest.fixture
def context(keyset: KeySet) -> Context:
    rule = StaticRule(name="jan13", symbologies=("ean13", "qrcode"), pattern=r"29(?P<member>\d{10})\d", check="ean13")
    rules = compile_rules([rule])
    return Context(EXP - 30, ClockState.SYNCED, keyset, rules, b"reference key of this chain, 32B", lambda _: False)
