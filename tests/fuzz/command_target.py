"""Command lines: every command with some of its options, and values that are no good."""

import argparse
import contextlib
import functools
import io
import os
import random
import shutil
from pathlib import Path

from judge import Target

from imagenet_s.cli.main import build_parser, main
from imagenet_s.conversion.core.errors import ImageNetSError

_VALUES = (
    *(
        "nowhere",
        "nowhere/a.zip",
        "empty",
        "junk",
        "junk.json",
        "junk.zip",
        "junk.npz",
        "",
        "-",
        ".",
        "..",
        "/dev/null",
    ),
    *("0", "1", "2", "-1", "1e9", "nan", "50", "300", "919", "7", "all", "validation", "val", "train-semi", "none"),
    *(
        "hungarian",
        "é\x1b[2J",
        "a b",
        "a" * 300,
        "me/data",
        "nowhere:name",
        "hf://datasets/me/x",
        "s4://x",
        "file:///x",
    ),
    *("https://127.0.0.1:9/x", "8KB", "1e3XB", "semi", "coco", "2026-01-01"),
)
_LEFT_OUT = ("demo",)
"""Takes seconds, and refuses nothing but a folder in the way."""
_HEAVY = ("--backbone", "--workers", "--num-proc", "--scheduler", "--push")
"""Imports torch, starts processes or asks a server; tested elsewhere."""


def _samples() -> dict[str, bytes]:
    """One empty command line a command."""
    return {name: name.encode() for name in _commands() if name not in _LEFT_OUT}


def _argv(data: bytes, rng: random.Random) -> bytes:
    """Arguments, with a zero byte between them."""
    command = data.decode()
    argv = [command]
    for action in _commands()[command]._actions:
        names = [string for string in action.option_strings if string not in _HEAVY and string not in ("-h", "--help")]
        if action.option_strings and not names:
            continue
        if not action.option_strings or rng.random() < (0.9 if action.required else 0.25):
            argv += names[:1]
            if action.nargs != 0:
                choices = [str(choice) for choice in action.choices or ()]
                argv.append(rng.choice(choices) if choices and rng.random() < 0.8 else rng.choice(_VALUES))
    if rng.random() < 0.1:
        rng.shuffle(argv)
    return "\0".join(argv).encode()


def _run(data: bytes, folder: Path) -> None:
    place = folder / "place"
    shutil.rmtree(place, ignore_errors=True)
    (place / "empty").mkdir(parents=True)
    (place / "junk").mkdir()
    for name in ("junk.json", "junk.zip", "junk.npz", "junk/junk.png"):
        (place / name).write_bytes(b"\x00\xffjunk")
    output, errors = io.StringIO(), io.StringIO()
    before = os.getcwd()
    os.chdir(place)
    try:
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
            code = main(data.decode().split("\0"))
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        os.chdir(before)
    message = errors.getvalue()
    assert code in (0, 1, 2), code
    assert code == 0 or message.strip(), "it ends in silence"
    assert "Traceback" not in message, message
    assert "\x1b" not in message + output.getvalue(), "an escape sequence reaches the terminal"
    if code:
        raise ImageNetSError("refused, as it should be")


@functools.cache
def _commands() -> dict[str, argparse.ArgumentParser]:
    subparsers = next(action for action in build_parser()._actions if isinstance(action, argparse._SubParsersAction))
    return dict(subparsers.choices)


class _CommandLines(Target):
    """Each input is made by the commands' own options; no bytes are damaged."""

    def inputs(self, number: int, seed: int):  # type: ignore[no-untyped-def]
        labels = list(self.samples())
        rng = random.Random(f"{self.name} {seed}")
        for _ in range(number):
            label = rng.choice(labels)
            yield label, _argv(label.encode(), rng)


COMMANDS = _CommandLines("command-lines", _samples, _run)
