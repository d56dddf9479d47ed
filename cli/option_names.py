"""Messages of the library in the words of the command line: `verify=False` is `--no-verify` there.

The one place that knows both names.
"""

from __future__ import annotations

import argparse
import functools
import re

_VALUE = r"""\\?["']?([\w./:~-]+)\\?["']?"""
_START, _END = r"(?<![\w/.$-])", r"(?![\w/(])"
# The option of a command (its name in the parsed arguments), what the library says, what the command line says.
_NAMES: tuple[tuple[str, str, str], ...] = (
    ("on_missing", rf"on_missing ?={_VALUE}", r"--on-missing \1"),
    ("on_missing", r"on_missing", "--on-missing"),
    ("verify", r"verify=False", "--no-verify"),
    ("restart", r"restart=True", "--restart"),
    ("overwrite", r"overwrite=True", "--overwrite"),
    ("copy", r"copy=True", "--copy"),
    ("splits", r"splits=[\[(]?((?:[\"'][\w-]+[\"'],? ?)+)(?:\.\.\.)?[\])]?", r"--splits \1"),
    ("splits", r"splits=", "--splits "),
    ("annotations_dir", rf"annotations_dir={_VALUE}", r"--annotations-dir \1"),
    ("annotations_dir", r"annotations_dir", "--annotations-dir"),
    ("split", rf"split={_VALUE}", r"--split \1"),
    ("workers", r"workers=(\d+|-\d+)", r"--workers \1"),
    ("max_shard_size", r"max_shard_size", "--max-shard-size"),
    ("config", r"configuration [\"'](\w+)[\"']", r"--config \1"),
    # Where images come second: `submit` and `check-loader` have --imagenet, those that draw pages --images.
    ("submission", r"data_dir", "--imagenet"),
    ("image_key", r"data_dir", "--imagenet"),
    ("imagenet", rf"data_dir={_VALUE}", r"IMAGENET \1"),
    ("imagenet", r"data_dir", "IMAGENET"),
    ("dataset", rf"data_dir={_VALUE}", r"DATASET \1"),
    ("dataset", r"data_dir", "DATASET"),
    ("images", r"data_dir", "--images"),
    ("ids", r"image_ids", "--ids"),
    ("resize", rf"resize={_VALUE}", r"--resize \1"),
    ("tolerance", rf"tolerance={_VALUE}", r"--tolerance \1"),
    ("bootstrap", rf"samples={_VALUE}, level=[\d.]+", r"--bootstrap \1"),
    ("resamples", rf"resamples={_VALUE}, confidence={_VALUE}", r"--resamples \1 --confidence \2"),
    ("key", rf"key={_VALUE}", r"--key \1"),
    ("k", rf"k={_VALUE}, temperature={_VALUE}, chunk=\w+", r"-k \1 --temperature \2"),
)
_TWICE = re.compile(r"(--[a-z-]+(?: [a-z]+)?) \(\1\)")


def as_options(message: str, args: argparse.Namespace) -> str:
    """A message with the names of a command's options in place of Python arguments.

    Args:
        message: of an error or a warning.
        args: the parsed arguments: what the command has no option for stays as it is.
    """
    for option, words, name in _NAMES:
        if hasattr(args, option):
            message = re.sub(f"{_START}{words}{_END}", functools.partial(_typed, name), message)
    return _TWICE.sub(r"\1", message)


def _typed(name: str, match: re.Match[str]) -> str:
    """An option as it is typed: `--splits train_semi test` has no quotes and commas."""
    option = match.expand(name)
    return re.sub(r"[\"',]", "", option).rstrip() if option.startswith("--splits ") else option
