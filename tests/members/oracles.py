"""Two other implementations of COSE, asked one thing: whether the signature of a token holds."""

from __future__ import annotations

import sys
from types import ModuleType

import cbor2
from pycose.algorithms import EdDSA
from pycose.exceptions import CoseException
from pycose.headers import Algorithm
from pycose.keys.curves import Ed25519
from pycose.keys.okp import OKPKey
from pycose.messages.sign1message import Sign1Message

# cwt imports certvalidator for keys that come as x5c chains of certificates, which no token has. Its oscrypto cannot
# read the version of newer OpenSSLs and fails as it is imported; so a module with the two names stands in for it.
_STAND_IN = ModuleType("certvalidator")
vars(_STAND_IN).update(CertificateValidator=object, ValidationContext=object)
sys.modules.setdefault("certvalidator", _STAND_IN)

from cwt import COSE, COSEKey, VerifyError  # noqa: E402


def cwt_holds(cose: bytes, public: bytes) -> bool:
    """What cwt says. It wants the tag of COSE_Sign1 round a list, which newer versions of cbor2 make a tuple of."""
    kid = cbor2.loads(cbor2.loads(cose)[0])[4]
    key = COSEKey.new({1: 1, -1: 6, -2: public, 2: kid, 3: -8})
    try:
        COSE.new().decode(cbor2.CBORTag(18, cbor2.loads(cose)), key)
    except VerifyError:
        return False
    return True


def pycose_holds(cose: bytes, public: bytes) -> bool:
    """What pycose says. It does not know -19 (RFC 9864): the algorithm is named by hand, the signed bytes stay."""
    head, _, payload, signature = cbor2.loads(cose)
    message = Sign1Message(phdr={Algorithm: EdDSA}, payload=payload)
    message._phdr_encoded = head
    message._signature = signature
    message.key = OKPKey(crv=Ed25519, x=public)
    try:
        return bool(message.verify_signature())
    except CoseException:
        return False
