"""What a message shows of names from outside."""

import errno
import os

import pytest

from imagenet_s.conversion.core.errors import ImageNetSError, is_utf8, printable, reason


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("n01440764_1.JPEG", "n01440764_1.JPEG"),
        ("pélican 图\u00a0.png", "pélican 图\u00a0.png"),
        ("two\nlines", "two\nlines"),
        ("\x1b[2J\x1b]0;pwn\x07", "\\x1b[2J\\x1b]0;pwn\\x07"),
        (os.fsdecode(b"caf\xe9.txt"), "caf\\xe9.txt"),
        ("a\rb\tc\x85d\u2028e", "a\\x0db\\x09c\\x85d\\u2028e"),
        ("gpj.\u202egnp", "gpj.\\u202egnp"),
    ],
)
def test_what_a_terminal_would_obey_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert str(ImageNetSError(f"{text} is damaged")) == f"{shown} is damaged"
    printable(text).encode()


def test_names_that_are_no_utf8() -> None:
    assert is_utf8("é")
    assert not is_utf8(os.fsdecode(b"\xff"))


def test_too_many_open_files_says_what_to_do() -> None:
    assert "ulimit -n" in reason(OSError(errno.EMFILE, os.strerror(errno.EMFILE)))
    assert reason(OSError(errno.ENOENT, "No such file")) == "No such file"
