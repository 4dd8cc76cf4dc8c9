"""The system calls that an eye's box refuses or looks at, with their numbers on x86-64 and on 64-bit ARM.

The numbers are those of the kernel's ``unistd.h`` of the architecture; they never change. None: it has no such call.
"""

from __future__ import annotations

Calls = dict[str, tuple[int | None, int | None]]

# fmt: off
NETWORK: Calls = {
    "socket": (41, 198), "socketpair": (53, 199), "connect": (42, 203), "accept": (43, 202), "accept4": (288, 242),
    "bind": (49, 200), "listen": (50, 201), "sendto": (44, 206), "sendmsg": (46, 211), "sendmmsg": (307, 269),
}
"""Ways to another machine; an eye whose camera is in the network keeps them."""

REFUSED: Calls = {
    # other processes: start one, signal one, look into one
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281), "ptrace": (101, 117),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "process_madvise": (440, 440),
    "process_mrelease": (448, 448), "kill": (62, 129), "tkill": (200, 130), "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240), "pidfd_open": (434, 434), "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    # sockets and files without the calls for them
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    # files: make, rename, remove, resize, or carry bytes in their names and attributes
    "creat": (85, None), "truncate": (76, 45), "ftruncate": (77, 46), "fallocate": (285, 47), "rename": (82, None),
    "renameat": (264, 38), "renameat2": (316, 276), "mkdir": (83, None), "mkdirat": (258, 34), "rmdir": (84, None),
    "link": (86, None), "linkat": (265, 37), "unlink": (87, None), "unlinkat": (263, 35), "symlink": (88, None),
    "symlinkat": (266, 36), "mknod": (133, None), "mknodat": (259, 33), "setxattr": (188, 5), "lsetxattr": (189, 6),
    "fsetxattr": (190, 7), "open_by_handle_at": (304, 265), "copy_file_range": (326, 285), "splice": (275, 76),
    "tee": (276, 77), "vmsplice": (278, 75), "sendfile": (40, 71),
    # memory that outlives the process or hides from it
    "shmget": (29, 194), "semget": (64, 190), "msgget": (68, 186), "msgsnd": (69, 189), "mq_open": (240, 180),
    "memfd_create": (319, 279), "memfd_secret": (447, 447),
    # the machine itself
    "setrlimit": (160, 164), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51),
    "unshare": (272, 97), "setns": (308, 268), "open_tree": (428, 428), "move_mount": (429, 429),
    "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432), "reboot": (169, 142),
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "init_module": (175, 105), "finit_module": (313, 273),
    "delete_module": (176, 106), "swapon": (167, 224), "swapoff": (168, 225), "bpf": (321, 280),
    "perf_event_open": (298, 241), "userfaultfd": (323, 282), "add_key": (248, 217), "request_key": (249, 218),
    "keyctl": (250, 219),
}
"""What no eye ever needs."""

EXAMINED: Calls = {
    "clone": (56, 220), "clone3": (435, 435), "openat2": (437, 437), "prlimit64": (302, 261), "tgkill": (234, 131),
    "prctl": (157, 167), "open": (2, None), "openat": (257, 56), "seccomp": (317, 277),
}
"""Calls of which the box judges the arguments, and the one that installs it."""
# fmt: on
