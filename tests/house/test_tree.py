"""The tree itself: files a reader can hold, nothing left for later, no path of one machine."""

import re
import statistics
import subprocess
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parent.parent.parent
CODE = (".py", ".js", ".css", ".html")
MADE = {".venv", "__pycache__", ".artifacts"}
"""Folders that nobody wrote, where there is no git to tell."""


def tracked() -> list[Path]:
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    found = [ROOT / name for name in names]
    files = (path for path in ROOT.rglob("*") if path.is_file())
    return [path for path in found if path.exists()] or [path for path in files if not MADE & {*path.parts}]


def lines(path: Path) -> int:
    return path.read_text(errors="replace").count("\n")


def test_no_file_is_too_long_to_hold_and_half_are_short() -> None:
    sizes = {path: lines(path) for path in tracked() if path.suffix in CODE}
    assert {str(path): size for path, size in sizes.items() if size > 400} == {}
    assert statistics.median(sizes.values()) < 150


@pytest.mark.parametrize("mark", ["TO" + "DO", "FIX" + "ME", "Not" + "ImplementedError", "pytest.mark.x" + "fail"])
def test_nothing_is_left_for_later(mark: str) -> None:
    assert [str(path) for path in tracked() if path.suffix in CODE and mark in path.read_text()] == []


def test_no_path_of_one_machine_and_no_registry_is_named() -> None:
    named = re.compile(r"(?<![\w/.])/(work|root)/|" + "pypi" + r"\.org|" + "files." + r"pythonhosted")
    texts = [path for path in tracked() if path.suffix in (*CODE, ".md", ".toml", ".txt", ".json", "")]
    assert [str(path) for path in texts if named.search(path.read_text(errors="replace"))] == []


def test_the_top_level_is_what_the_architecture_says() -> None:
    top = {path.relative_to(ROOT).parts[0] for path in tracked()}
    shown = {name for name in top if not name.startswith(".")}
    assert shown == {
        "pyproject.toml", "README.md", "edge", "kiosk_ui", "content", "provisioning", "tests",
        "run", "LICENSE", "CHANGELOG.md", "SECURITY.md",
    }  # fmt: skip


def test_no_example_of_a_property_is_judged_by_the_clock() -> None:
    assert settings().deadline is None
