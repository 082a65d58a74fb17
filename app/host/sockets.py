"""Where the embedded servers listen: Unix sockets, whose paths may only be about 100 bytes long."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from pathlib import Path

from app.host.process import HostError

LONGEST = 100
"""Bytes that a socket's path may have: 108 with its ending on Linux, 104 on macOS, and some air."""

# PostgreSQL reads its socket directories as a list and the shell-like quotes in it.
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._- ")


def directory(home: Path, name: str, owner: int | None = None) -> Path:
    """The directory for the socket ``name`` of the server whose files are in ``home``.

    It is ``home`` itself when the path is short and plain enough, else a private directory below
    the system's temporary one, the same for the same ``home`` every time. ``owner``: the account
    that the server runs as, when that is not ours.
    """
    socket = str(home / name)
    if len(os.fsencode(socket)) <= LONGEST and _PLAIN.issuperset(socket):
        return home
    uid = os.getuid() if owner is None else owner
    digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
    path = Path(tempfile.gettempdir()) / f"sifang-{uid}-{digest}"
    try:
        path.mkdir(mode=0o700)
        if uid != os.getuid():
            os.chown(path, uid, -1)
    except FileExistsError:
        _refuse_foreign(path, uid)
    return path


def _refuse_foreign(path: Path, uid: int) -> None:
    """Anybody may write to the temporary directory: take only what nobody else can have laid."""
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != uid or found.st_mode & 0o077:
        raise HostError(f"{path} is not a private directory of user {uid}; remove it")
