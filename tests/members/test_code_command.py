"""``tentou code``: the round from a key to a verified token, and vectors, as a person or a script does it."""

from __future__ import annotations

import argparse
import io
import json
import stat
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from edge import members as vectors_room
from edge.members import command, mc1

IAT, EXP = 1_790_000_000, 1_790_000_660
CLAIMS = {"sub": "AAECAwQFBgcI", "iat": IAT, "exp": EXP, "cti_hex": "00000000", "flags": 11, "tier": 2}
CLAIMS |= {"segments": [3, 1207, 88]}
SECRET = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60:soon"


def code(*arguments: str | Path) -> int:
    """The command's exit code."""
    parser = argparse.ArgumentParser()
    command.add(parser.add_subparsers())
    try:
        parsed = parser.parse_args(command.joined(["code", *map(str, arguments)]))
        return int(parsed.run(parsed))
    except SystemExit as wrong:
        return int(wrong.code or 0)


def test_a_value_that_begins_with_a_hyphen_is_a_value() -> None:
    told = ["code", "verify", "--root", "-U2H057", "--root=-x", "--now", "1", "MC1:A"]
    assert command.joined(told) == ["code", "verify", "--root=-U2H057", "--root=-x", "--now", "1", "MC1:A"]


@pytest.fixture
def key(tmp_path: Path, issuer: Ed25519PrivateKey) -> Path:
    (tmp_path / "issuer.json").write_text(json.dumps({"seed_hex": issuer.private_bytes_raw().hex()}))
    return tmp_path / "issuer.json"


@pytest.fixture
def signed(tmp_path: Path, issuer: Ed25519PrivateKey, capsys: pytest.CaptureFixture[str]) -> tuple[Path, str]:
    """A key set's file and its root, made by the commands."""
    assert code("keygen", "--test", "--out", tmp_path / "root.json") == 0
    root = json.loads(capsys.readouterr().out)["public_base64url"]
    public = issuer.public_key().public_bytes_raw().hex()
    entry = f"{public}:{IAT - 9}:{EXP}:retiring"
    make = ("keyset", "make", "--chain", "demo", "--version", "3", "--issued-at", str(IAT), "--not-after", str(EXP))
    assert code(*make, "--key", entry) == 0
    (tmp_path / "inner.json").write_text(capsys.readouterr().out)
    assert code("keyset", "sign", "--root-key", tmp_path / "root.json", tmp_path / "inner.json") == 0
    (tmp_path / "keyset.json").write_text(capsys.readouterr().out)
    return tmp_path / "keyset.json", root


def issue(key: Path, *more: str) -> int:
    times = ("--iat", str(IAT), "--exp", str(EXP), "--cti-hex", "00000000")
    ext = ("--flags", "0x0b", "--tier", "2", "--segments", "3,1207,88")
    return code("issue", "--key", key, "--sub", "AAECAwQFBgcI", *times, *ext, *more)


def test_the_sample_is_issued(key: Path, sample: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert issue(key) == 0
    assert capsys.readouterr().out == sample + "\n"
    assert issue(key, "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"exp": EXP, "text": sample}


def test_a_pem_key_issues_too(
    tmp_path: Path, issuer: Ed25519PrivateKey, sample: str, capsys: pytest.CaptureFixture[str]
) -> None:
    encoding, form, plain = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (tmp_path / "issuer.pem").write_bytes(issuer.private_bytes(encoding, form, plain))
    assert issue(tmp_path / "issuer.pem") == 0
    assert capsys.readouterr().out == sample + "\n"
    (tmp_path / "other.pem").write_bytes(X25519PrivateKey.generate().private_bytes(encoding, form, plain))
    assert issue(tmp_path / "other.pem") == 2
    assert "not an Ed25519 key" in capsys.readouterr().err


def test_a_good_token_is_accepted_with_its_claims(
    signed: tuple[Path, str], sample: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    keyset, root = signed
    verify = ("verify", "--json", "--keyset", keyset, "--root", root, "--now", str(EXP))
    assert code(*verify, sample) == 0
    assert json.loads(capsys.readouterr().out) == {
        "result": "accept",
        "reason": None,
        "claims": CLAIMS,
        "stale": False,
    }
    for end in ("", "\n", "\r\n"):
        monkeypatch.setattr("sys.stdin", io.StringIO(sample + end))
        assert code(*verify, "-") == 0


def test_a_token_under_a_key_set_that_has_ended_is_said_to_count_as_a_plain_number(
    signed: tuple[Path, str], sample: str, capsys: pytest.CaptureFixture[str]
) -> None:
    verify = ("verify", "--keyset", signed[0], "--root", signed[1], "--now", str(EXP + 1))
    assert code(*verify, sample) == 0
    assert "plain number" in capsys.readouterr().out
    assert code(*verify, "--json", sample) == 0
    assert json.loads(capsys.readouterr().out)["stale"] is True


@pytest.mark.parametrize(
    ("change", "now", "reason"),
    [("", EXP + 31, "expired"), ("0", EXP, "oversize"), ("-", EXP, "signature"), ("x", EXP, "not_mc1")],
)
def test_a_bad_token_is_rejected_with_its_reason(
    change: str, now: int, reason: str, signed: tuple[Path, str], sample: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = {"": sample, "0": sample + "0", "-": sample[:-3] + "000", "x": "x" + sample[1:]}[change]
    verify = ("verify", "--keyset", signed[0], "--root", signed[1], "--now", str(now))
    assert code(*verify, "--json", text) == 1
    assert json.loads(capsys.readouterr().out) == {
        "result": "reject",
        "reason": reason,
        "claims": None,
        "stale": now > EXP,
    }
    assert code(*verify, text) == 1
    assert capsys.readouterr().out == f"reject: {reason}\n"


def test_wrong_use_exits_2_and_says_what_is_wrong(
    key: Path, signed: tuple[Path, str], sample: str, capsys: pytest.CaptureFixture[str]
) -> None:
    keyset, root = signed
    wrong: list[tuple[tuple[str | Path, ...], str]] = [
        (("verify", "--keyset", keyset, sample), "--root"),
        (("verify", "--keyset", keyset, "--root", "A" * 43, sample), "not pinned"),
        (("verify", "--keyset", keyset, "--root", "A+", sample), "base64url"),
        (("verify", "--keyset", "none.json", "--root", root, sample), "No such file"),
        (("keygen",), "--test"),
        (("issue", "--key", key, "--sub", "short"), "12 signs"),
        (("issue", "--key", key, "--sub", "AAECAwQFBgcI", "--tier", "70000"), "below 65536"),
        (("issue", "--key", keyset, "--sub", "AAECAwQFBgcI"), "neither"),
        (("keyset", "sign", "--root-key", key, keyset), "key set"),
        (("vectors", "check", keyset), "format"),
        (("verify", "--keyset", keyset, "--root", root, *sample.split(" ")), "in quotes"),
        (("inspect", *sample.split(" ")), "in quotes"),
        (("keyset", "make", "--chain", "a", "--version", "1", "--not-after", "9", "--key", SECRET), "PUBLIC_HEX"),
        (("issue", "--key", key, "--sub", "AAECAwQFBgcI", "--cti-hex", "00000000", "--svg", key / "x.svg"), "x.svg"),
    ]
    for arguments, words in wrong:
        assert code(*arguments) == 2
        said = capsys.readouterr().err
        assert words in said
        assert SECRET not in said
        assert sample.split(" ")[0] not in said


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--flags", "P"), "the sum of 1 P"),
        (("--flags", "-1"), "the sum of 1 P"),
        (("--flags", "32"), "the sum of 1 P"),
        (("--tier", "-1"), "below 65536"),
        (("--segments", "1,,2"), "below 65536"),
        (("--segments", "one"), "below 65536"),
        (("--cti-hex", "00"), "8 hex digits"),
        (("--cti-hex", ""), "8 hex digits"),
        (("--exp", str(IAT + 59)), "60 to 7260 s"),
        (("--exp", str(IAT + 7261)), "60 to 7260 s"),
        (("--iat", "-5", "--exp", "55"), "32 bits"),
        (("--iat", "4294967295", "--exp", "4294967355"), "32 bits"),
    ],
)
def test_a_token_that_no_edge_takes_is_not_issued(
    more: tuple[str, ...], words: str, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert issue(key, *more) == 2
    said = capsys.readouterr()
    assert words in said.err
    assert said.out == ""


@pytest.mark.parametrize("count", ["0", "121", "-1", "many", "1_0"])
def test_a_pack_holds_1_to_120_tokens(count: str, key: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert code("pack", "--key", key, "--sub", "AAECAwQFBgcI", "--count", count) == 2
    assert "1 to 120 tokens" in capsys.readouterr().err


@pytest.mark.parametrize("secret", ["9d" * 32, "U2H057_-" * 5 + "U2H", "AAECAwQFBgcI", "2912345678906"])
@pytest.mark.promise("M-4")
def test_a_secret_in_a_files_place_is_not_quoted(
    secret: str, key: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    deny = ("deny", "make", "--chain", "a", "--version", "1", "--not-after", "1")
    for arguments in (
        ("issue", "--sub", "AAECAwQFBgcI", "--key", secret),
        (*deny, secret),
        ("vectors", "check", secret),
    ):
        assert code(*arguments) == 2
        said = capsys.readouterr().err
        assert "that file: No such file" in said
        assert secret not in said


def test_a_pack_is_a_token_a_line(key: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pack = ("pack", "--key", key, "--sub", "AAECAwQFBgcI", "--iat", str(IAT))
    assert code(*pack, "--json") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["exp"] for line in lines] == [IAT + 60 * minute for minute in range(1, 121)]
    assert code(*pack, "--count", "2") == 0
    ends = [line.split("\t")[0] for line in capsys.readouterr().out.splitlines()]
    assert ends == [str(IAT + 60), str(IAT + 120)]


def test_a_pack_is_drawn_a_picture_a_token(key: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pack = ("pack", "--key", key, "--sub", "AAECAwQFBgcI", "--iat", str(IAT), "--count", "3")
    assert code(*pack, "--svg", tmp_path / "pack" / "today") == 0
    drawn = sorted(path.name for path in (tmp_path / "pack" / "today").iterdir())
    assert drawn == [f"{IAT + 60 * minute}.svg" for minute in (1, 2, 3)]
    assert issue(key, "--svg", str(tmp_path / "one.svg")) == 0
    assert (tmp_path / "one.svg").read_text().count("<svg") == 1


def test_every_command_prints_json_when_asked(
    key: Path, signed: tuple[Path, str], tmp_path: Path, sample: str, capsys: pytest.CaptureFixture[str]
) -> None:
    inner = tmp_path / "inner.json"
    out = ("--out", tmp_path / "made.json", "--json")
    for arguments in (
        ("keygen", "--test", "--json"),
        ("keyset", "make", "--chain", "a", "--version", "1", "--not-after", "999999999", "--issued-at", "1", "--json"),
        ("keyset", "sign", "--root-key", tmp_path / "root.json", inner, "--json"),
        ("vectors", "make", *out),
        ("vectors", "make", "--static", *out),
        ("vectors", "make", "--static", "--json"),
        ("vectors", "check", Path(vectors_room.__file__).parent / "mc1-vectors.json", "--json"),
        ("inspect", "--json", sample),
    ):
        assert code(*arguments) == 0
        assert isinstance(json.loads(capsys.readouterr().out), dict)


def test_vectors_are_printed_as_they_are_checked_in(capsys: pytest.CaptureFixture[str]) -> None:
    assert code("vectors", "make") == 0
    assert capsys.readouterr().out == (Path(vectors_room.__file__).parent / "mc1-vectors.json").read_text()


def test_a_key_file_is_its_owners_alone_and_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    assert code("keygen", "--test", "--out", path) == 0
    before = path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert code("keygen", "--test", "--out", path) == 2
    assert path.read_bytes() == before


def test_a_key_set_is_verified_and_its_age_told(signed: tuple[Path, str], capsys: pytest.CaptureFixture[str]) -> None:
    verify = ("keyset", "verify", "--root", signed[1], "--now")
    assert code(*verify, str(EXP), "--json", signed[0]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["chain"], told["version"], told["stale"]) == ("demo", 3, False)
    assert [entry["status"] for entry in told["keys"]] == ["retiring"]
    assert code(*verify, str(EXP + 1), signed[0]) == 0
    assert "stale" in capsys.readouterr().out
    signed[0].write_text(signed[0].read_text().replace('"sig": "', '"sig": "A'))
    assert code(*verify, str(EXP), "--json", signed[0]) == 1
    assert json.loads(capsys.readouterr().out)["result"] == "reject"


def test_the_keys_of_a_set_are_told_in_the_form_in_which_the_next_set_takes_them(
    signed: tuple[Path, str], issuer: Ed25519PrivateKey, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code("keyset", "verify", "--root", signed[1], "--now", str(EXP), signed[0]) == 0
    _, line = capsys.readouterr().out.splitlines()
    make = ("keyset", "make", "--chain", "demo", "--version", "4", "--issued-at", str(IAT), "--not-after", str(EXP))
    assert code(*make, *line.split()) == 0
    (key,) = json.loads(capsys.readouterr().out)["keys"]
    assert (key["x"], key["status"]) == (issuer.public_key().public_bytes_raw().hex(), "retiring")


@pytest.fixture
def vectors(tmp_path: Path, issuer: Ed25519PrivateKey, sample: str) -> dict[str, Any]:
    sealed = mc1.unseal(sample)
    public = issuer.public_key().public_bytes_raw().hex()
    seed = issuer.private_bytes_raw().hex()
    key = {"kid": "21fe31df", "alg": -19, "public_hex": public, "seed_hex": seed, "nbf": IAT, "exp": EXP}
    steps = {"protected_hex": "49" + sealed.protected.hex(), "payload_hex": sealed.payload.hex()}
    steps |= {"to_be_signed_hex": sealed.to_be_signed.hex(), "cose_hex": sealed.cose.hex()}
    good = {"id": 1, "name": "sample", "text": sample, "result": "accept", "reason": None}
    good |= {"claims": CLAIMS, "intermediates": steps | {"signature_hex": sealed.signature.hex()}}
    late = {"id": 2, "name": "late", "text": sample, "now": EXP + 31, "result": "reject", "reason": "expired"}
    keys = [key | {"status": "active"}]
    return {"format": "mc1-vectors/1", "defaults": {"now": EXP}, "keys": keys, "tests": [good, late]}


def check(vectors: dict[str, Any], folder: Path) -> int:
    (folder / "vectors.json").write_text(json.dumps(vectors))
    return code("vectors", "check", "--json", folder / "vectors.json")


@pytest.mark.promise("M-1")
def test_vectors_of_the_sample_agree(
    vectors: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(vectors, tmp_path) == 0
    assert json.loads(capsys.readouterr().out) == {"result": "agrees", "tests": 2, "differences": []}
    assert code("vectors", "check", tmp_path / "vectors.json") == 0
    assert capsys.readouterr().out == "2 tests, 0 differ\n"


@pytest.mark.parametrize(
    ("test", "key", "value", "what"),
    [
        (0, "result", "reject", "result"),
        (1, "reason", "not_yet", "reason"),
        (0, "claims", CLAIMS | {"tier": 3}, "claims"),
        (0, "intermediates", {"payload_hex": "00"}, "payload_hex"),
    ],
)
def test_every_difference_from_a_vector_is_told(
    test: int, key: str, value: object, what: str, vectors: dict[str, Any], tmp_path: Path, capsys: Any
) -> None:
    vectors["tests"][test][key] = value
    assert check(vectors, tmp_path) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["result"] == "differs"
    assert what in [difference["what"] for difference in told["differences"]]


def test_vectors_out_of_form_are_wrong_use(
    vectors: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(vectors | {"format": "mc2"}, tmp_path) == 2
    assert check(vectors | {"defaults": {}}, tmp_path) == 2
    assert check(vectors | {"keys": [vectors["keys"][0] | {"kid": "00000000"}]}, tmp_path) == 2
    assert check(vectors | {"keys": [vectors["keys"][0] | {"public_hex": "xx"}]}, tmp_path) == 2
    assert capsys.readouterr().err.count("tentou code: ") == 4


def test_a_time_that_is_no_number_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    from edge.__main__ import main

    with pytest.raises(SystemExit) as ended:
        main(["code", "verify", "--keyset", "x", "--root", "x", "--now", "nan", "x"])
    assert ended.value.code == 2
    assert "UNIX seconds" in capsys.readouterr().err
    assert main(["code", "keyset", "make", "--chain", "a", "--version", "1", "--not-after", "9", "--key", "xx"]) == 2
    assert "PUBLIC_HEX:NBF:EXP" in capsys.readouterr().err
