"""The folder in a tree where files are written before they are renamed into place, and the lock of the tree.

Both belong to the tree and not to whoever writes it: two users, containers or machines on one disk wait for each other.
Where a file system has no locks, both work at the same time, each in a folder of its own: then the same files are
written twice, and the same file replaces the same file.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Iterator

from ..core.atomic_write import try_lock

logger = logging.getLogger("imagenet_s")

_LOCK = ".incomplete.lock"
_PREFIX = ".incomplete-"
_TEMPORARY = re.compile(rf"{re.escape(_PREFIX)}[a-z0-9_]+")


@contextlib.contextmanager
def temporary_folder(tree: str) -> Iterator[str]:
    """A new folder in a tree, for files that are not complete; those of killed runs are removed first.

    Args:
        tree: an existing folder. Until the block ends, others that do the same wait.
    """
    with _locked(tree) as alone:
        if alone:
            for name in os.listdir(tree):
                path = os.path.join(tree, name)
                if _TEMPORARY.fullmatch(name) and os.path.isdir(path) and not os.path.islink(path):
                    shutil.rmtree(path, ignore_errors=True)
        temporary = tempfile.mkdtemp(prefix=_PREFIX, dir=tree)
        try:
            yield temporary
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


@contextlib.contextmanager
def _locked(tree: str) -> Iterator[bool]:
    """Hold the lock of a tree; yields whether there is one here. Its file is gone afterwards."""
    path = os.path.join(tree, _LOCK)
    while True:
        try:
            descriptor = os.open(path, os.O_CREAT | os.O_RDWR | getattr(os, "O_NOFOLLOW", 0), 0o666)
        except OSError:  # of another user, say
            yield False
            return
        locked = try_lock(descriptor)
        if locked is False:
            logger.warning("Another process prepares %s; waiting for it.", tree)
            locked = try_lock(descriptor, wait=True)
        with contextlib.suppress(FileNotFoundError):
            # Whoever held it before has removed its file: two processes must not hold two files of one name.
            if not locked or os.path.samestat(os.fstat(descriptor), os.stat(path)):
                break
        os.close(descriptor)
    try:
        yield bool(locked)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(path)
        os.close(descriptor)
