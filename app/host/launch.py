"""Start a program the way a supervised child should start, then become it.

Run as a script, with Python's isolated mode, so that it costs about 10 ms:

    launch.py PARENT SIGNAL ACCOUNT REACH PROGRAM [ARGUMENT ...]

On Linux the kernel sends SIGNAL to the program when PARENT dies, even by SIGKILL. ACCOUNT is the
numeric user to become ("-": stay); REACH "1" lets that user pass directories that only root may
enter, because PostgreSQL refuses to run as root and a clone may lie below /root.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import sys

PR_SET_PDEATHSIG = 1
PR_SET_SECUREBITS = 28
SECBIT_NO_SETUID_FIXUP = 1 << 2
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_OVERRIDE = 1
CAPABILITY_VERSION_3 = 0x20080522


class _Header(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _Sets(ctypes.Structure):
    _fields_ = [
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    ]


def become(account: int, *, reach: bool) -> None:
    """Give up root for good, but for the one right that ``reach`` asks for."""
    libc = ctypes.CDLL(None, use_errno=True)
    keep = reach and sys.platform == "linux"
    if keep:
        # Without it the right would be lost here, and access(2) would not heed it later.
        libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
    os.setgroups([])
    os.setgid(pwd.getpwuid(account).pw_gid)
    os.setuid(account)
    if keep:
        # The program about to be started gets no right but the ambient one. Where a container
        # withholds even that, the program says which path it can't read.
        bit = 1 << CAP_DAC_OVERRIDE
        sets = (_Sets * 2)(_Sets(bit, bit, bit), _Sets(0, 0, 0))
        header = _Header(CAPABILITY_VERSION_3, 0)
        if libc.capset(ctypes.byref(header), sets) == 0:
            libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0)


def follow(parent: int, signal: int) -> None:
    """Ask for ``signal`` when the parent dies; end at once if it is dead already."""
    if sys.platform == "linux":
        # After the change of account, which would clear it.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)


def main(arguments: list[str]) -> None:
    parent, signal, account, reach, *command = arguments
    if account != "-":
        become(int(account), reach=reach == "1")
    follow(int(parent), int(signal))
    try:
        os.execvp(command[0], command)  # noqa: S606
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")


if __name__ == "__main__":
    main(sys.argv[1:])
