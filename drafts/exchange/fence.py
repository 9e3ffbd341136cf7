"""What the child that reads strangers' files cannot do any more, whatever a reader is talked into.

Defence in depth: no reader fetches, starts or writes anything by itself. Should one be made to, the kernel says no where it
can (Linux: a filter of system calls, and files of no length), and Python says no everywhere. Nothing here can be undone
within the process: it is put up before the first byte of a file is looked at.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import sys
from struct import pack

__all__ = ["Fenced", "put_up"]


class Fenced(PermissionError):
    """Something was tried that reading a file has no need of."""


# By machine: its number for the filter (linux/audit.h), and the system calls socket, connect, execve, execveat, io_uring_setup.
_CALLS = {
    "x86_64": (0xC000003E, (41, 42, 59, 322, 425)),
    "aarch64": (0xC00000B7, (198, 203, 221, 281, 425)),
}
_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER = 38, 22, 2
_ALLOW, _REFUSE_EPERM = 0x7FFF0000, 0x00050001
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC
# Beginnings of the names of audit events (docs.python.org/3/library/audit_events.html).
_REFUSED = (
    "socket.",
    "subprocess.",
    "urllib.",
    "http.client.",
    "ftplib.",
    "smtplib.",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.spawn",
    "os.system",
    "os.remove",
    "os.rename",
    "os.mkdir",
    "os.rmdir",
    "os.link",
    "os.symlink",
    "os.chmod",
    "os.chown",
    "os.truncate",
    "os.putenv",
    "shutil.",
    "tempfile.",
    "pty.",
    "webbrowser.",
)
_is_up = False


def put_up() -> None:
    """From now on: no socket, no program, no file written. Once is enough."""
    global _is_up
    if _is_up:
        return
    _is_up = True
    sys.dont_write_bytecode = True
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    except (ValueError, OSError):
        pass  # the audit hook refuses to open a file for writing
    _filter_calls()
    sys.addaudithook(_refuse)


def _refuse(event: str, args: tuple[object, ...]) -> None:
    if event.startswith(_REFUSED):
        raise Fenced(event)
    if event == "open" and len(args) == 3:
        _path, mode, flags = args
        # `mode` is a word for open(), None for os.open(), which has flags only.
        if isinstance(mode, str) and set(mode) & set("wax+") or isinstance(flags, int) and flags & _WRITES:
            raise Fenced(event)


def _filter_calls() -> bool:
    """Have Linux refuse the calls that reach a network or start a program, for this process and for good.

    What is written in C asks no audit hook: libxml2 has a client for HTTP in it. False where the machine has no such filter.
    """
    known = _CALLS.get(platform.machine()) if sys.platform == "linux" else None
    if known is None:
        return False
    machine, calls = known
    # Classic BPF (linux/filter.h): load a word, compare and jump, return. A call of another architecture is refused.
    steps = [pack("=HBBI", 0x20, 0, 0, 4), pack("=HBBI", 0x15, 0, len(calls) + 2, machine)]
    steps.append(pack("=HBBI", 0x20, 0, 0, 0))
    for place, call in enumerate(calls):
        steps.append(pack("=HBBI", 0x15, len(calls) - place, 0, call))
    steps += [pack("=HBBI", 0x06, 0, 0, _ALLOW), pack("=HBBI", 0x06, 0, 0, _REFUSE_EPERM)]
    program = b"".join(steps)
    held = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog: how many steps, and where they are; the pointer is aligned.
    fprog = ctypes.create_string_buffer(pack("HP", len(steps), ctypes.addressof(held)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        return False
    return bool(libc.prctl(_SET_SECCOMP, _FILTER, fprog, 0, 0) == 0)
