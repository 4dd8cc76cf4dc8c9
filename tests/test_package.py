"""The built wheel, installed elsewhere, owns its four names and runs the demo's page."""

import json
import subprocess
import sys
import sysconfig
import time
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.bench.ports import free_port

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    return next(out.glob("tentou-*.whl"))


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel; what it depends on is borrowed from this one, the tree is not."""
    home = tmp_path_factory.mktemp("venv")
    venv.create(home, with_pip=False, symlinks=True)
    site = next(home.glob("lib/python*/site-packages"))
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib"))
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--prefix", str(home)]
    subprocess.run([*command, str(wheel)], check=True, capture_output=True)
    return home


def test_run_tentou_takes_paths_from_where_one_stands(tmp_path: Path) -> None:
    subprocess.run([ROOT / "run", "tentou", "provision", "chain", "init", "acme"], cwd=tmp_path, check=True)
    assert (tmp_path / "chain.toml").exists()


def test_the_wheel_owns_four_names(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name.split("/")[0] for name in archive.namelist()}
    assert {name for name in names if not name.endswith(".dist-info")} == {
        "edge",
        "kiosk_ui",
        "content",
        "provisioning",
    }


def test_the_wheel_brings_what_describes_the_wire(wheel: Path) -> None:
    contacts = ROOT / "edge" / "contacts"
    wanted = {str(path.relative_to(ROOT)) for path in (contacts / "asyncapi.json", *(contacts / "schemas").iterdir())}
    with zipfile.ZipFile(wheel) as archive:
        assert len(wanted) > 10
        assert wanted <= set(archive.namelist())


def test_the_installed_package_is_found_elsewhere(elsewhere: Path) -> None:
    names = "edge, kiosk_ui, content, provisioning"
    code = f"import {names}, json; print(json.dumps([m.__file__ for m in ({names})]))"
    ran = subprocess.run([elsewhere / "bin/python", "-c", code], cwd=elsewhere, capture_output=True, check=True)
    assert all(path.startswith(str(elsewhere)) for path in json.loads(ran.stdout))


@pytest.fixture
def demo(elsewhere: Path) -> Iterator[str]:
    port = free_port()
    command = [str(elsewhere / "bin/tentou"), "demo", "--no-browser", "--port", str(port), "--seconds", "600"]
    with (elsewhere / "demo.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=elsewhere, stdout=log, stderr=log)
        yield f"http://127.0.0.1:{port}"
        process.terminate()
        assert process.wait(20) in (0, 130, -15)


def test_the_installed_command_runs_the_demos_page(demo: str, elsewhere: Path) -> None:
    page = _soon(f"{demo}/screens/kiosk-1", elsewhere / "demo.log")
    assert "<html" in page
    assert "Tentou" in _soon(f"{demo}/", elsewhere / "demo.log")


def _soon(url: str, log: Path) -> str:
    for _ in range(900):
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return str(answer.read().decode())
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"{url} never answered:\n{log.read_text()[-2000:]}")
