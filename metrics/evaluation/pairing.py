"""Pairing of predictions with references."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from ...conversion.core.text_file import read_text
from ...conversion.facts.spellings import official_id
from ...conversion.masks.split_masks import SplitMasks, image_of


@dataclass(frozen=True)
class Pairs:
    """References and their predictions, by key."""

    matched: list[tuple[str, str]]
    """(key of the reference, key of its prediction)."""
    missing: list[str]
    """References without a prediction."""
    elsewhere: int
    """Number of predictions found by the image's name, in another class folder than their reference."""
    unused: int
    """Number of predictions without a reference."""


def pair_up(predictions: SplitMasks, references: SplitMasks, keys: Sequence[str] | None = None) -> Pairs:
    """Find the prediction of every reference: at the same path, or else by the image's name.

    Args:
        predictions: their masks.
        references: their masks.
        keys: score only these references (`read_list`); all of them by default.

    Raises:
        ValueError: a listed reference is not there, or no prediction is.
    """
    wanted = listed_keys(references, keys)
    predicted = set(predictions.keys)
    names = Counter(map(image_of, predictions.keys))
    by_name = {image_of(key): key for key in predictions.keys if names[image_of(key)] == 1}
    wanted_names = Counter(map(image_of, wanted))
    matched, missing = [], []
    for key in wanted:
        name = image_of(key)
        if key in predicted:
            matched.append((key, key))
        elif name in by_name and wanted_names[name] == 1:
            matched.append((key, by_name[name]))
        else:
            missing.append(key)
    if not matched:
        raise ValueError(
            f"no mask of {references.path} has a prediction in {predictions.path}: expected {wanted[0]}, for one; "
            f"found {predictions.keys[0]}. Are the two swapped, or of different splits?"
        )
    used = {prediction for _, prediction in matched}
    elsewhere = sum(a.rpartition("/")[0] != b.rpartition("/")[0] for a, b in matched)
    return Pairs(matched, missing, elsewhere, len(predicted) - len(used))


def listed_keys(references: SplitMasks, keys: Sequence[str] | None) -> list[str]:
    """The references to score: those of a list, or all of them without one.

    A reference that lies in no class folder is found by the image's name alone.

    Raises:
        ValueError: a listed reference is not there.
    """
    if keys is None:
        return list(references.keys)
    known_keys = set(references.keys)
    keys = [references.key_of(key) for key in keys]
    if absent := [key for key in keys if key not in known_keys]:
        raise ValueError(
            f"{references.path} lacks {len(absent):,} of {len(keys):,} listed masks, {absent[0]} for one; "
            "is it another split, or another configuration?"
        )
    return list(keys)


def read_list(path: str | os.PathLike[str]) -> list[str]:
    """The keys in a list file, one image a line: its id, as `subset` draws them, its path, or several paths.

    Of several paths, as in the official lists, the last is the path in the ImageNet-S tree. A line without a class
    folder is a key without one.

    Raises:
        ValueError: the file is no text, or has no lines.
    """
    name, lines = os.fspath(path), read_text(path).splitlines()
    keys = [_key(line.split()[-1], f"{name}, line {i:,}") for i, line in enumerate(lines, 1) if line.strip()]
    if not keys:
        raise ValueError(f"{name} lists nothing; expected {_LINES}.")
    return list(dict.fromkeys(keys))


def _key(text: str, where: str) -> str:
    folder, _, name = text.rpartition("/")
    if name in ("", ".", ".."):
        raise ValueError(f"{where}: got {text!r}, expected {_LINES}.")
    key = PurePosixPath(folder, f"{official_id(name)}.png")
    return key.as_posix()


_LINES = "image ids or paths as <class folder>/<image>.png, one a line"
