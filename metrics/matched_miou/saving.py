"""How this folder writes a file: complete, or not at all."""

from __future__ import annotations

import os
import uuid
from typing import BinaryIO


def save_bytes(target: str | os.PathLike[str] | BinaryIO, content: bytes) -> None:
    """Write a file in the place of another, or to an open file.

    Args:
        target: a path, whose folder is made, or a file that is open for writing.
        content: all of it.
    """
    if not isinstance(target, (str, os.PathLike)):
        target.write(content)
        return
    folder, name = os.path.split(os.path.realpath(os.path.expanduser(target)))  # a link stays
    os.makedirs(folder, exist_ok=True)
    temporary = os.path.join(folder, f".{name}.{uuid.uuid4().hex[:12]}.part")
    try:
        with open(temporary, "xb") as file:
            file.write(content)
        os.replace(temporary, os.path.join(folder, name))
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise
