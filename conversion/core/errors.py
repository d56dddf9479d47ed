"""The error a user meets: one paragraph that says what was got, what was expected and what to do."""

from __future__ import annotations

import errno
from collections.abc import Sequence


class ImageNetSError(ValueError):
    """Something about the input is wrong, and its user can mend it.

    The message is written for that user: the command line prints it as it is, without a traceback. Names from a disk,
    an archive or a server are part of many messages, so whatever a terminal would obey or can't print is escaped.
    """

    def __init__(self, message: object = "") -> None:
        super().__init__(printable(str(message)))


class DownloadError(ImageNetSError):
    """A file could not be fetched: no connection, or the server refused it."""


class MissingAnnotationsError(ImageNetSError):
    """The official lists or masks are not at hand, which says nothing about the images."""


def printable(text: str, keep: str = "\n") -> str:
    """Text from outside with control characters and bytes that are no UTF-8 as escapes; those of `keep` stay.

    Names of files, members of archives and answers of servers may hold escape sequences: a terminal would obey them.

    Examples:
        >>> printable("caf\\udce9 \\x1b[2J")
        'caf\\\\xe9 \\\\x1b[2J'
    """
    if text.isprintable():
        return text
    return "".join(char if char in keep or char.isprintable() else _escaped(char) for char in text)


def is_utf8(name: str) -> bool:
    """Whether a name from the file system is UTF-8; Arrow, and so every table of paths, holds no other."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def some(items: Sequence[str], limit: int = 5) -> str:
    """The first few of many, for a message: `"a, b and 17 more"`."""
    shown = ", ".join(items[:limit])
    return shown if len(items) <= limit else f"{shown} and {len(items) - limit:,} more"


def reason(error: OSError) -> str:
    """Why the system refused, in words; for too many open files also what to do."""
    text = error.strerror or str(error) or type(error).__name__
    if error.errno in (errno.EMFILE, errno.ENFILE):
        text += "; allow this process more open files, by `ulimit -n 4096` say, or use fewer workers"
    return text


def cause(error: BaseException) -> str:
    """What a library says, for a message: one line of bounded length. Some quote kilobytes of a damaged file.

    Example:
        >>> cause(OSError("thrift: invalid data\\nDeserializing failed.\\n"))
        'thrift: invalid data Deserializing failed.'
    """
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= _LONGEST_CAUSE else f"{text[:_LONGEST_CAUSE]}..."


_LONGEST_CAUSE = 300


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # how Python holds a byte that is no UTF-8
        code -= 0xDC00
    if character.isspace() and character not in "\t\r\v\f\x1c\x1d\x1e\x1f\x85\u2028\u2029":
        return character
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
