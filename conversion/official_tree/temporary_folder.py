"""The folder in a tree where files are written before they are renamed into place, and the lock of the tree.

Both belong to the tree and not to whoever writes it: two users, containers or machines on one disk wait for each other.
Where a file system has no locks, both work at the same time, each in a folder of its own: then the same files are
written twice, and the same file replaces the same file.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator

from ..core.locks import folder_locked

_PREFIX = ".incomplete-"
_TEMPORARY = re.compile(rf"{re.escape(_PREFIX)}[a-z0-9_]+")


@contextlib.contextmanager
def temporary_folder(tree: str) -> Iterator[str]:
    """A new folder in a tree, for files that are not complete; those of killed runs are removed first.

    Args:
        tree: an existing folder. Until the block ends, others that do the same wait.
    """
    with folder_locked(tree, f"prepares {tree}") as alone:
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
