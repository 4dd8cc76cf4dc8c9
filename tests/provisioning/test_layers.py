"""Config layers: what wins, what explain tells, and on which line."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioning import lines, toml
from provisioning.layers import STORE_LAYERS, BadLayer, Layered, UnknownKey, dotted, load, steps

CHAIN = """\
# the whole chain
[device]
chain = "acme"
language = "ja"

[member_code]
roots = [
  "one",   # the present one
  "two",
]

[[member_code.static]]
name = "jan13"

[[screen]]
id = "old"
"""
DEVICE = """\
unset = ["member_code.static", "web"]
device.id = "front"
[[screen]]
id = "a"
[[screen]]
id = "b"
options = { idle = 5, "odd.key" = 1 }
[device.more]
text = '''
[not a table]
key = 1
'''
"""


@pytest.fixture
def layered(tmp_path: Path) -> Layered:
    (tmp_path / "chain.toml").write_text(CHAIN)
    (tmp_path / "device.toml").write_text(DEVICE)
    return load(tmp_path, STORE_LAYERS)


def test_tables_merge_and_arrays_replace(layered: Layered) -> None:
    assert layered.values["device"] == {
        "chain": "acme",
        "language": "ja",
        "id": "front",
        "more": {"text": "[not a table]\nkey = 1\n"},
    }
    assert [screen["id"] for screen in layered.values["screen"]] == ["a", "b"]


def test_unset_takes_away_what_a_lower_layer_set(layered: Layered) -> None:
    assert "static" not in layered.values["member_code"]
    assert "unset" not in layered.values


@pytest.mark.promise("P-4")
@pytest.mark.parametrize(
    ("key", "value", "layer", "line"),
    [
        ("device.chain", "acme", "chain", 3),
        ("device.id", "front", "device", 2),
        ("member_code.roots", ["one", "two"], "chain", 7),
        ("member_code.roots.1", "two", "chain", 9),
        ("screen.0.id", "a", "device", 4),
        ("screen.1.id", "b", "device", 6),
        ("screen.1.options.idle", 5, "device", 7),
        ('screen.1.options."odd.key"', 1, "device", 7),
        ("device.more.text", "[not a table]\nkey = 1\n", "device", 9),
    ],
)
def test_explain_tells_value_layer_file_and_line(layered: Layered, key: str, value: Any, layer: str, line: int) -> None:
    told = layered.explain(key)
    assert (told.value, told.layer, told.file.name, told.line) == (value, layer, f"{layer}.toml", line)
    assert layered.where(key) == f"{layered.folder / layer}.toml:{line}"


def test_a_key_that_no_file_has_is_placed_at_the_table_around_it(layered: Layered) -> None:
    assert layered.where("device.timezone").endswith("device.toml:2")
    assert layered.where("nothing.here") == f"{layered.folder} [nothing.here]"


@pytest.mark.parametrize(
    ("key", "hint"),
    [("device.langage", "did you mean 'device.language'"), ("member_code.static", "unset by"), ("zzz", "default")],
)
def test_a_key_that_nobody_sets_says_what_to_do(layered: Layered, key: str, hint: str) -> None:
    with pytest.raises(UnknownKey, match=hint):
        layered.explain(key)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (b"a = ", "is not TOML"),
        (b"\xff", "is not TOML"),
        (b"a = " + b"[" * 5000, "nested too deeply|is not TOML"),
        (b"#" * ((1 << 20) + 1), "at most"),
        (b"unset = 3", ":1: unset must be a list"),
    ],
)
def test_a_layer_that_cannot_be_read_names_its_file(tmp_path: Path, text: bytes, cause: str) -> None:
    (tmp_path / "store.toml").write_bytes(text)
    with pytest.raises(BadLayer, match=rf"store\.toml.*({cause})"):
        load(tmp_path, STORE_LAYERS)


keys = st.text(max_size=5)
plain = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(max_size=9)
trees = st.dictionaries(
    keys,
    st.recursive(
        plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=9
    ),
    max_size=4,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(trees)
def test_what_is_written_is_read_back(tree: dict[str, Any]) -> None:
    assert tomllib.loads(toml.dumps(tree, "a head\nof two lines")) == tree


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(trees)
def test_every_key_has_the_line_on_which_it_stands(tree: dict[str, Any]) -> None:
    text = toml.dumps(tree)
    rows = text.split("\n")
    found = lines.lines(text)
    assert set(found) == set(_paths(tree, ()))
    for path, line in found.items():
        named = next(step for step in reversed(path) if isinstance(step, str))
        assert toml._key(named) in rows[line - 1]


@given(st.lists(st.text(min_size=1).filter(lambda step: '"' not in step)))
def test_a_dotted_key_means_the_same_steps(path: list[str]) -> None:
    assert steps(dotted(tuple(path))) == tuple(path)


@pytest.mark.parametrize("value", [None, b"bytes"])
def test_what_toml_cannot_say_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="TOML has no word"):
        toml.dumps({"a": value})


def _paths(value: Any, path: lines.Path) -> set[lines.Path]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = {path} if path else set()
    return found.union(*(_paths(one, (*path, step)) for step, one in inside))
