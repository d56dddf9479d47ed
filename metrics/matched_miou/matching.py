"""Matching of clusters (predicted ids) to classes."""

from __future__ import annotations

import json
import operator
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from .count_table import CountTable, CountTables, Ints
from .one_to_one import ONE_TO_ONE, check_munkres, overlaps, solve
from .saving import save_bytes

MATCHINGS = ("none", *ONE_TO_ONE, "majority")
"""`none`: ids are classes. `hungarian`: one to one, greatest number of images (official), ties by ids.
`hungarian_pixel`: the same, ties by pixels in common. `munkres`: the match that the installed munkres package gives for
the official matrix. `pixel`: one to one, greatest number of pixels. `majority`: each cluster to the class it covers
most of; several clusters may share a class."""
_NAMES = ", ".join(MATCHINGS)

Match = dict[int, int]
"""Cluster -> class, 0 -> 0 included. A missing cluster has no class and is wrong everywhere."""
Matching = str | os.PathLike[str] | Mapping[Any, Any]
"""One of `MATCHINGS`, the path of a match.json, or a mapping from cluster to class."""


class Solution(NamedTuple):
    """A match, and the equally good matches."""

    match: Match
    open_pairs: int
    """The number of predicted clusters whose class (or lack of one) differs between equally good matches."""
    extremes: tuple[Match, ...]
    """The equally good matches with the fewest and with the most pixels in common; empty if no pair is open."""


def check_matching(matching: Matching, num_classes: int) -> str | Match:
    """Validate a matching.

    Returns:
        A name as it is; a dict or the content of a file as a checked dict.

    Raises:
        ValueError: no such name or file, or a mapping that is not from clusters to classes 0..C.
        ImportError: `munkres`, and the package is not installed.
    """
    if isinstance(matching, str) and matching in MATCHINGS:
        if matching == "munkres":
            check_munkres()
        return matching
    if isinstance(matching, Mapping):
        return {0: 0} | _checked(matching.items(), num_classes, "the match")
    if isinstance(matching, (str, os.PathLike)):
        return load_match(matching, num_classes)
    raise ValueError(f"matching={matching!r}: expected one of {_NAMES}, a dict, or the path of a match.json.")


def find_solution(tables: CountTables, matching: str | Match) -> Solution:
    """The match that a matching gives for these counts, and the equally good matches.

    Returns:
        The solution; its match sends 0 to 0, because `other` (0) takes no part in a matching, on either side.

    Raises:
        ValueError: `none`, and a predicted id is no class.
    """
    if not isinstance(matching, str):
        return Solution(dict(matching), 0, ())
    if matching == "none":
        _check_are_classes(tables)
        return Solution({i: i for i in range(tables.num_classes + 1)}, 0, ())
    predicted = predicted_ids(tables)
    clusters = np.union1d(np.arange(1, tables.num_classes + 1), predicted[predicted > 0])
    images, pixels = overlaps(tables, clusters)

    def as_match(columns: Ints) -> Match:
        return {0: 0} | {int(k): int(c) + 1 for k, c in zip(clusters, columns) if c >= 0}

    if matching == "majority":
        best = np.where(pixels.max(axis=1) > 0, pixels.argmax(axis=1), -1)  # argmax: the smallest id on a tie
        return Solution(as_match(best), 0, ())
    result = solve(matching, images, pixels, np.isin(clusters, predicted), tables.num_images)
    return Solution(as_match(result.columns), result.open_pairs, tuple(map(as_match, result.extremes)))


def predicted_ids(tables: CountTables) -> Ints:
    """The ids that the predictions hold in scored pixels, sorted."""
    return np.unique(np.concatenate([np.unique(table.pred) for table in tables]))


def apply_match(table: CountTable, match: Match) -> Ints:
    """The class of each row's prediction; a cluster k without one gets C + k, an id that no class has."""
    highest = int(table.pred.max(initial=0))
    labels = np.arange(highest + 1) + table.num_classes
    for cluster, label in match.items():
        if cluster <= highest:
            labels[cluster] = label
    return labels[table.pred]


def load_match(path: str | os.PathLike[str], num_classes: int) -> Match:
    """A match.json, as `match.py` of the official toolbox or `save_match` writes it.

    Raises:
        ValueError: there is none at `path`, or it is not from clusters to classes 0..C.
    """
    name = os.fspath(path)
    try:
        data = Path(os.path.expanduser(path)).read_bytes()
    except FileNotFoundError:
        raise ValueError(f"{name!r} is neither a matching ({_NAMES}) nor a file.") from None
    except OSError as error:
        raise ValueError(f"{name} cannot be read ({error.strerror or error}).") from error
    return {0: 0} | parse_match(data, num_classes, name)


def parse_match(data: bytes, num_classes: int, name: str) -> Match:
    """The pairs of a match.json, in the order of the file; 0 -> 0 is not added if the file lacks it.

    Args:
        data: the content of the file.
        num_classes: C.
        name: what to call the file in an error.

    Raises:
        ValueError: it is not JSON from clusters to classes 0..C, or gives a cluster twice.
    """
    try:
        pairs = json.loads(data, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError) as error:
        raise ValueError(f'{name} is no match.json ({error}); expected {{"cluster": class, ...}}.') from error
    if not isinstance(pairs, _Pairs):
        raise ValueError(f'{name}: expected {{"cluster": class, ...}}, got a {type(pairs).__name__}.')
    return _checked(pairs, num_classes, name)


def save_match(match: Match, path: str | os.PathLike[str] | BinaryIO) -> None:
    """Write a match as the official tools do: string keys, clusters in order, `"0": 0` last.

    Args:
        match: cluster -> class.
        path: a path, whose folder is made, or a file that is open for writing.
    """
    content = {str(k): match[k] for k in sorted(match, key=lambda k: (k == 0, k))}
    save_bytes(path, json.dumps(content).encode())


class _Pairs(list[tuple[str, Any]]):
    """The pairs of a JSON object, because a dict would keep only the last of several pairs with the same key."""


def _checked(pairs: Iterable[tuple[Any, Any]], num_classes: int, name: str) -> Match:
    checked: Match = {}
    for key, value in pairs:
        try:
            cluster = int(key) if isinstance(key, str) else operator.index(key)
            label = -1 if isinstance(value, bool) else operator.index(value)
        except (TypeError, ValueError):
            cluster = label = -1
        if cluster < 0 or not 0 <= label <= num_classes:
            raise ValueError(
                f"{name} sends cluster {_short(key)} to {_short(value)}: clusters are whole numbers from 0, classes "
                f"0..{num_classes}; was the match made for another number of classes?"
            )
        if cluster == 0 and label != 0:
            raise ValueError(f"{name} sends 0 to {label}: 0 is `other` on both sides; give clusters the ids from 1.")
        if cluster in checked:
            raise ValueError(f"{name} sends cluster {cluster} to a class twice: to {checked[cluster]} and to {label}.")
        checked[cluster] = label
    return checked


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}..."


def _check_are_classes(tables: CountTables) -> None:
    for table in tables:
        wrong = np.flatnonzero(table.pred > table.num_classes)
        if not len(wrong):
            continue
        ids = predicted_ids(tables)
        ids = ids[ids > table.num_classes]
        shown = ", ".join(map(str, ids[:5])) + (f" and {len(ids) - 5} more" if len(ids) > 5 else "")
        raise ValueError(
            f"the prediction of {table.name_of(int(wrong[0]))} holds {table.pred[wrong[0]]} (all images: {shown}), "
            f"but without a matching ids are classes, 0..{table.num_classes}; for clusters ask for "
            'matching="hungarian", "pixel" or "majority", or give a match.'
        )
