"""The box around an eye: what the kernel refuses to it, tried out in a process that is locked in."""

from __future__ import annotations

import platform
import re
import resource
import signal
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from edge.vision import box
from edge.vision.calls import EXAMINED, NETWORK, REFUSED

HEADER = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
LOCKABLE = pytest.mark.skipif(platform.machine() not in box.AUDIT, reason="no filter for this architecture")

LOCKED_IN = """
import os, resource, socket, sys, threading
from edge.vision import box
go, kept = threading.Event(), []
def tried(name, act):
    try:
        act()
    except (OSError, ValueError, MemoryError):
        print("refused", name)
    else:
        print("done", name, flush=True)
before = threading.Thread(target=lambda: (go.wait(), tried("in a thread", socket.socket)))
before.start()
box.bound(1024)
assert box.shut(sys.argv[1] == "network") == ""
go.set()
before.join()
for act in sys.argv[2:]:
    tried(act, lambda: eval(act))
"""
NEEDLESS = [
    "socket.socket()",
    "socket.socket(socket.AF_UNIX)",
    "socket.socketpair()",
    "os.fork()",
    "os.execv('/bin/true', ['true'])",
    "os.posix_spawn('/bin/true', ['true'], {})",
    "os.kill(os.getppid(), 0)",
    "os.open('made', os.O_WRONLY | os.O_CREAT)",
    "os.open('.', os.O_WRONLY | os.O_TMPFILE)",
    "os.mkdir('made')",
    "os.symlink('frame', 'made')",
    "os.memfd_create('made')",
    "os.truncate('/dev/null', 9)",
    "resource.setrlimit(resource.RLIMIT_FSIZE, (9, 9))",
    "resource.prlimit(0, resource.RLIMIT_NOFILE, (9, 9))",
    "os.setxattr('.', 'user.frame', b'made')",
]
NEEDED = [
    "os.close(os.open('/dev/null', os.O_RDWR))",
    "open('/etc/passwd').close()",
    "threading.Thread(target=int).start()",
    "resource.prlimit(0, resource.RLIMIT_AS)",
    "bytearray(1 << 20)",
]


def locked_in(folder: Path, door: str, *acts: str) -> list[str]:
    """What a locked-in process says of its acts."""
    command = [sys.executable, "-uP", "-c", LOCKED_IN, door, *acts]
    at = {"PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=at, preexec_fn=allow_cores)
    assert done.returncode in (0, -signal.SIGABRT), done.stderr
    return done.stdout.splitlines()


def allow_cores() -> None:
    """As on a machine that is set up to keep them."""
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


@LOCKABLE
@pytest.mark.promise("V-3")
def test_what_no_eye_needs_is_refused_and_the_rest_is_left_to_it(tmp_path: Path) -> None:
    said = locked_in(tmp_path, "local", *NEEDLESS, *NEEDED)
    assert said == [
        "refused in a thread",
        *(f"refused {act}" for act in NEEDLESS),
        *(f"done {act}" for act in NEEDED),
    ]
    assert list(tmp_path.iterdir()) == []


@LOCKABLE
def test_the_eye_of_a_camera_in_the_network_is_let_out_but_starts_nothing(tmp_path: Path) -> None:
    assert locked_in(tmp_path, "network", "os.fork()") == ["done in a thread", "refused os.fork()"]


def test_a_locked_in_process_dumps_no_core_and_reaches_no_swap_where_the_machine_allows_it(tmp_path: Path) -> None:
    after = locked_in(tmp_path, "local", "print(open('/proc/self/status').read())", "os.abort()")
    locked = re.search(r"VmLck:\s+(\d+) kB", "\n".join(after))
    assert locked is not None
    assert (int(locked[1]) > 0) is box.may_lock(1 << 30)
    assert list(tmp_path.iterdir()) == []


def test_a_process_knows_when_it_has_no_room_for_another_frame(tmp_path: Path) -> None:
    fill = "[kept.append(bytearray(16 << 20)) for _ in range(64)]"
    said = locked_in(tmp_path, "local", "print(box.room())", fill, "print(box.room())")
    assert [word for word in said if word in ("True", "False")] == ["True", "False"]
    assert f"refused {fill}" in said


def verdict(code: bytes, call: int, audit: int, *arguments: int) -> int:
    """What the filter gives for a call: the kernel's own rules of BPF, in a few lines."""
    data = struct.pack("=IIQ6Q", call, audit, 0, *arguments, *[0] * (6 - len(arguments)))
    at, word = 0, 0
    while True:
        kind, then, otherwise, value = struct.unpack_from("=HBBI", code, 8 * at)
        at += 1
        if kind == box.GIVE:
            return int(value)
        if kind == box.LOAD:
            (word,) = struct.unpack_from("=I", data, value)
            continue
        holds = {box.EQUAL: word == value, box.AT_LEAST: word >= value, box.ANY_BIT: bool(word & value)}[kind]
        at += then if holds else otherwise


@pytest.mark.parametrize("machine", list(box.AUDIT))
def test_the_filter_refuses_the_same_on_every_architecture(machine: str) -> None:
    code, audit = box.program(machine, network=False, pid=77), box.AUDIT[machine]
    number = box.numbers(EXAMINED, machine)
    for call in {**box.numbers(REFUSED, machine), **box.numbers(NETWORK, machine)}.values():
        assert verdict(code, call, audit) == box.REFUSE | box.EPERM
    assert verdict(code, number["clone"], audit, box.CLONE_THREAD) == box.ALLOW
    assert verdict(code, number["clone"], audit, 17) == box.REFUSE | box.EPERM
    assert verdict(code, number["clone3"], audit) == box.REFUSE | box.ENOSYS
    assert verdict(code, number["tgkill"], audit, 77) == box.ALLOW
    assert verdict(code, number["tgkill"], audit, 78) == box.REFUSE | box.EPERM
    assert verdict(code, number["prlimit64"], audit, 0, 7, 0) == box.ALLOW
    assert verdict(code, number["prlimit64"], audit, 0, 7, 1 << 32) == box.REFUSE | box.EPERM
    assert verdict(code, number["openat"], audit, 0, 0, 2) == box.ALLOW
    assert verdict(code, number["openat"], audit, 0, 0, box.CREATES) == box.REFUSE | box.EPERM
    assert verdict(code, number["prctl"], audit, box.PR_SET_DUMPABLE) == box.REFUSE | box.EPERM
    assert verdict(code, box.X32 + 1, audit) == box.REFUSE | box.EPERM
    assert verdict(code, 1, audit + 1) == box.REFUSE | box.EPERM


@pytest.mark.skipif(not HEADER.exists(), reason="the kernel's headers are not here")
def test_the_numbers_are_the_kernels_own() -> None:
    kernels = dict(re.findall(r"#define __NR_(\w+) (\d+)", HEADER.read_text()))
    ours = {**REFUSED, **NETWORK, **EXAMINED}
    assert {name: str(pair[0]) for name, pair in ours.items()} == {name: kernels.get(name) for name in ours}


def test_a_machine_without_a_filter_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "s390x")
    assert box.shut(network=False) == "not locked in: no filter for s390x"
