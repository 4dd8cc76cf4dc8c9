"""What locks an eye's process in: bounds before it imports, and a door that is shut before it sees its first frame.

A crafted symbol that takes a reader over finds a process that can start no other, reach no network (unless its camera
is in the network), make, rename, remove or lengthen no file, touch no other process, and widen no bound of its own.
The filter names what is refused, not what is allowed, so that a new release of a library does not stop a shop.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import platform
import resource
import signal
import struct
from collections.abc import Iterator
from pathlib import Path

from edge.vision.calls import EXAMINED, NETWORK, REFUSED, Calls

DESCRIPTORS = 64
LARGEST = 1 << 25
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 1, 4, 38
SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC = 1, 1
MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT = 1, 2, 4
CAP_IPC_LOCK = 1 << 14
AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""How the kernel names an architecture in a call (linux/audit.h); any other is a way round the numbers."""
X32 = 0x40000000
"""Numbers from here on are a second way to say the same calls on x86-64; no other architecture has as many."""

ALLOW, REFUSE = 0x7FFF0000, 0x00050000
EPERM, ENOSYS = 1, 38
LOAD, EQUAL, AT_LEAST, ANY_BIT, GIVE = 0x20, 0x15, 0x35, 0x45, 0x06
"""BPF: load a word of the call, three jumps, the verdict (linux/bpf_common.h)."""
NUMBER, ARCH, FIRST, SECOND, THIRD = 0, 4, 16, 24, 32
"""Where the call's number, the architecture and the arguments' low words lie (struct seccomp_data)."""
CLONE_THREAD = 0x10000
CREATES = os.O_CREAT | os.O_TRUNC | (os.O_TMPFILE & ~os.O_DIRECTORY)
NOT_LOCKED = "not locked in: {}"


def bound(memory_mb: int) -> None:
    """Bound the address space; no file grows, no core is dumped, nobody may trace; the process dies with its parent."""
    memory = memory_mb << 20
    coreless()
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
    _keep_from_swap(memory)


def room() -> bool:
    """Whether there is memory for one more of the largest frames; libraries hide it when there is not."""
    try:
        mmap.mmap(-1, LARGEST, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
    except OSError:
        return False
    return True


def coreless() -> None:
    """Whatever ends this process, its memory goes into no file: no core, none to a collector of them either."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _prctl(PR_SET_DUMPABLE, 0)


def may_lock(memory: int) -> bool:
    """Whether this machine lets the process keep so many bytes from the swap."""
    hard = resource.getrlimit(resource.RLIMIT_MEMLOCK)[1]
    rights = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("CapEff"))
    return hard == resource.RLIM_INFINITY or hard >= memory or bool(int(rights.split()[1], 16) & CAP_IPC_LOCK)


def _keep_from_swap(memory: int) -> None:
    """Let no page that is used reach the swap, where the machine allows it (systemd: ``LimitMEMLOCK=infinity``)."""
    if may_lock(memory):
        hard = resource.getrlimit(resource.RLIMIT_MEMLOCK)[1]
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (hard, hard))
        _libc().mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)


def shut(network: bool) -> str:
    """Let the kernel refuse, for every thread and for ever, what an eye never needs; ``network`` leaves that one out.

    Gives "" or, for the health page, why the door stays open on this machine.
    """
    machine = platform.machine()
    if machine not in AUDIT:
        return NOT_LOCKED.format(f"no filter for {machine}")
    if not _prctl(PR_SET_NO_NEW_PRIVS, 1) or not _install(program(machine, network, os.getpid()), machine):
        return NOT_LOCKED.format("the kernel refuses")
    return ""


def program(machine: str, network: bool, pid: int) -> bytes:
    """The filter in BPF, 8 bytes an instruction; ``pid`` is the process that it is for."""
    number = numbers(EXAMINED, machine)
    refused = sorted(numbers(REFUSED if network else REFUSED | NETWORK, machine).values())
    return b"".join(
        [
            *(_line(LOAD, ARCH), _line(EQUAL, AUDIT[machine], then=1), _refuse(EPERM)),
            *(_line(LOAD, NUMBER), _line(AT_LEAST, X32, otherwise=1), _refuse(EPERM)),
            *(part for call in refused for part in (_line(EQUAL, call, otherwise=1), _refuse(EPERM))),
            # the flags of these lie in memory, out of a filter's sight; the C library then takes the older call
            *(_line(EQUAL, number["clone3"], otherwise=1), _refuse(ENOSYS)),
            *(_line(EQUAL, number["openat2"], otherwise=1), _refuse(ENOSYS)),
            *_let(number["clone"], FIRST, ANY_BIT, CLONE_THREAD),
            *_let(number["prlimit64"], THIRD, EQUAL, 0),
            *_let(number["prlimit64"], THIRD + 4, EQUAL, 0),
            *_let(number["tgkill"], FIRST, EQUAL, pid),
            *_stop(number["prctl"], FIRST, EQUAL, PR_SET_DUMPABLE),
            *_stop(number["openat"], THIRD, ANY_BIT, CREATES),
            *(_stop(number["open"], SECOND, ANY_BIT, CREATES) if "open" in number else ()),
            _line(GIVE, ALLOW),
        ]
    )


def numbers(calls: Calls, machine: str) -> dict[str, int]:
    """The numbers of those calls that a machine has."""
    of = list(AUDIT).index(machine)
    return {name: pair[of] for name, pair in calls.items() if pair[of] is not None}  # type: ignore[misc]


def _let(call: int, place: int, jump: int, value: int) -> Iterator[bytes]:
    """Let the call be if its argument passes the test."""
    yield from (_line(EQUAL, call, otherwise=4), _line(LOAD, place), _line(jump, value, then=1), _refuse(EPERM))
    yield _line(LOAD, NUMBER)


def _stop(call: int, place: int, jump: int, value: int) -> Iterator[bytes]:
    """Refuse the call if its argument passes the test."""
    yield from (_line(EQUAL, call, otherwise=4), _line(LOAD, place), _line(jump, value, otherwise=1), _refuse(EPERM))
    yield _line(LOAD, NUMBER)


def _line(code: int, value: int, then: int = 0, otherwise: int = 0) -> bytes:
    return struct.pack("=HBBI", code, then, otherwise, value)


def _refuse(error: int) -> bytes:
    return _line(GIVE, REFUSE | error)


def _install(code: bytes, machine: str) -> bool:
    kept = ctypes.create_string_buffer(code, len(code))
    filter_ = struct.pack("HxxxxxxQ", len(code) // 8, ctypes.addressof(kept))
    call = ctypes.c_long(numbers(EXAMINED, machine)["seccomp"])
    how = (ctypes.c_ulong(SECCOMP_SET_MODE_FILTER), ctypes.c_ulong(SECCOMP_FILTER_FLAG_TSYNC))
    return bool(_libc().syscall(call, *how, filter_) == 0)


def _prctl(option: int, value: int) -> bool:
    return bool(_libc().prctl(option, *map(ctypes.c_ulong, (value, 0, 0, 0))) == 0)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
