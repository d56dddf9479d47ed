"""method.txt: six lines that describe the method of a submission."""

from __future__ import annotations

from dataclasses import dataclass, fields

from ..core.errors import ImageNetSError, is_utf8

METHOD_FILE = "method.txt"
_KEYS = {
    "name": "Method name",
    "train_data": "Training data",
    "train_scheme": "Training scheme",
    "networks": "Networks",
    "link": "Paper/Project link",
    "description": "Method description",
}
_UNKNOWN = "null"


@dataclass(frozen=True)
class Method:
    """The description of a method for the test server; None is written as `null`.

    Examples:
        >>> print(Method(name="PASS", train_scheme="SSL").text(), end="")
        Method name: PASS
        Training data: null
        Training scheme: SSL
        Networks: null
        Paper/Project link: null
        Method description: null
    """

    name: str | None = None
    train_data: str | None = None
    train_scheme: str | None = None
    """For instance SSL, Sup, SSL+Sup."""
    networks: str | None = None
    link: str | None = None
    description: str | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None and not is_utf8(value):
                raise ImageNetSError(
                    f"{_KEYS[field.name]} {value!r} is not text in UTF-8, which {METHOD_FILE} is written in: write it "
                    "in the encoding of your terminal."
                )
            if value is not None and len(value.splitlines()) > 1:
                raise ImageNetSError(
                    f"{_KEYS[field.name]} has several lines; {METHOD_FILE} has one line a key: give it as one line."
                )

    def text(self) -> str:
        """The content of method.txt."""
        return "".join(
            f"{_KEYS[field.name]}: {(getattr(self, field.name) or '').strip() or _UNKNOWN}\n" for field in fields(self)
        )


def method_problem(text: str) -> str | None:
    """What is wrong with the content of a method.txt, or None."""
    lines = text.splitlines()
    for number, (key, line) in enumerate(zip(_KEYS.values(), [*lines, *[""] * len(_KEYS)]), 1):
        if not line.startswith(f"{key}: ") or not line[len(key) + 2 :].strip():
            return f"line {number} is {line[:60]!r}, expected '{key}: ...' (or '{key}: {_UNKNOWN}')"
    if any(line.strip() for line in lines[len(_KEYS) :]):
        return f"there are lines after {list(_KEYS.values())[-1]!r}, the last key: every value is one line"
    return None
