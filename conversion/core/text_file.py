"""Lists of names as text files, whatever editor or shell wrote them."""

from __future__ import annotations

import codecs
import os
from pathlib import Path

from .errors import ImageNetSError, reason


def read_text(path: str | os.PathLike[str]) -> str:
    """The text of a file in UTF-8, or in UTF-16 with its mark, as PowerShell's `>` writes it.

    Raises:
        ImageNetSError: it can't be read, or has another encoding; the message says in which line.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise ImageNetSError(f"{os.fspath(path)} can't be read ({reason(error)}).") from error
    encoding = "UTF-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "UTF-8"
    try:
        return data.decode("utf-8-sig" if encoding == "UTF-8" else encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ImageNetSError(
            f"{os.fspath(path)}, line {line:,}: the byte 0x{data[error.start]:02x} is not {encoding}; expected a text "
            "in UTF-8. Save it as that, or fetch it again."
        ) from error
