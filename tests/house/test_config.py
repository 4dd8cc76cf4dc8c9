"""Settings from layered files; what is wrong is named with its file and what would be right."""

from pathlib import Path

import pytest

from edge.config import BadConfig, read_store

DEVICE = '[device]\nchain = "acme"\nstore = "s1"\nid = "s1-edge1"\n'


def folder(tmp_path: Path, **files: str) -> Path:
    for name, text in files.items():
        (tmp_path / f"{name}.toml").write_text(text)
    return tmp_path


def test_later_layers_win_and_tables_merge(tmp_path: Path) -> None:
    store = read_store(
        folder(tmp_path, chain='[device]\nlanguage = "en"\n[web]\nport = 1\n', device=DEVICE + "[web]\nport = 2\n")
    )
    assert (store.device.language, store.web.port, store.device.store) == ("en", 2, "s1")


def test_an_unknown_key_is_refused_with_the_nearest_one_and_its_place(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match=r"device.toml:6: unknown key 'web.prot'; did you mean 'port'"):
        read_store(folder(tmp_path, device=DEVICE + "[web]\nprot = 2\n"))


@pytest.mark.parametrize("bad", ["a/+", "#", "S1", "a b", "-x", "x" * 64])
@pytest.mark.promise("X-3")
def test_an_id_that_could_leave_its_topic_is_refused(tmp_path: Path, bad: str) -> None:
    with pytest.raises(BadConfig, match="device.store"):
        read_store(folder(tmp_path, device=DEVICE.replace('"s1"', f'"{bad}"')))


def test_a_number_out_of_bounds_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="screen.0.idle_s"):
        read_store(folder(tmp_path, device=DEVICE + '[[screen]]\nid = "a"\nidle_s = 600\n'))
