"""Checking predictions: everything that is wrong with them, by name."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from imagenet_s.conversion.annotations.mask_cache import usable_cpus
from imagenet_s.conversion.annotations.mask_readers import MaskReader
from imagenet_s.conversion.errors import ImageNetSError
from imagenet_s.conversion.facts import IGNORE_ID, categories
from imagenet_s.conversion.mask_codec import check_ids, check_size, decode_mask, open_mask_image, wrong_mode

_BATCH = 256
_MAX_THREADS = 8


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        kind: `missing`, `extra`, `folder` (in the wrong class folder), `unreadable`, `not RGB`, `ids`, `size`,
            `method.txt` or `match.json`.
        name: the file, `<class folder>/<image_id>.png`.
        message: what it is, in words.
    """

    kind: str
    name: str
    message: str


def compare_names(names: Collection[str], wnids: Mapping[str, str]) -> list[Problem]:
    """Missing predictions, those that nobody asked for, and those in the wrong class folder.

    Args:
        names: the files there are.
        wnids: the class folder of every image of the list.
    """
    wanted = {f"{wnid}/{image_id}.png" for image_id, wnid in wnids.items()}
    there = set(names)
    problems, elsewhere = [], set()
    for name in sorted(there - wanted):
        image_id = name.rsplit("/", 1)[-1].removesuffix(".png")
        belongs = f"{wnids[image_id]}/{image_id}.png" if image_id in wnids else None
        if belongs and belongs not in there:
            elsewhere.add(belongs)
            problems.append(Problem("folder", name, f"{name} belongs to {belongs}"))
        else:
            problems.append(Problem("extra", name, f"{name} is no prediction of the list"))
    for name in sorted(wanted - there - elsewhere):
        problems.append(Problem("missing", name, f"{name} is missing"))
    return problems


def examine(
    predictions: MaskReader,
    names: Collection[str],
    config: str,
    sizes: Mapping[str, tuple[int, int]],
    clusters: Collection[int] | None,
) -> Iterator[tuple[str, bytes, Problem | None]]:
    """Look into predictions.

    Args:
        predictions: reads them.
        names: which of them, `<class folder>/<image_id>.png`.
        config: whose ids they hold.
        sizes: (width, height) of images; those that are not in it may have any size.
        clusters: the ids a match knows, where predictions are clusters.

    Yields:
        Name, content and what is wrong with it, in the order of the names.
    """
    known = None if clusters is None else np.array(sorted(clusters), np.int64)

    def look(name: str) -> tuple[str, bytes, Problem | None]:
        try:
            data = predictions.read(name)
        except ImageNetSError as error:
            return name, b"", Problem("unreadable", name, str(error))
        return name, data, _problem_of(data, name, config, sizes.get(name.rsplit("/", 1)[-1][:-4]), known)

    waiting = iter(names)
    # Threads: decoding lets go of Python's lock. A batch at a time, so that few files are in memory.
    with ThreadPoolExecutor(min(usable_cpus(), _MAX_THREADS)) as threads:
        while batch := list(itertools.islice(waiting, _BATCH)):
            yield from threads.map(look, batch)


def _problem_of(
    data: bytes, name: str, config: str, size: tuple[int, int] | None, known: np.ndarray | None
) -> Problem | None:
    try:
        with open_mask_image(data, name) as image:
            if image.mode != "RGB":
                kind, text = "not RGB", str(wrong_mode(image.mode, name))
                # What the data set itself has: 16-bit grey. The test server reads RGB only.
                if image.mode.startswith("I"):
                    text = f"{name} is 16-bit grey, not RGB (id = R + 256 * G): PredictionWriter writes RGB"
                return Problem(kind, name, text)
            pixels, image_size = np.asarray(image), image.size
    except ImageNetSError as error:
        return Problem("unreadable", name, str(error))
    if size is not None:
        try:
            check_size(image_size, size, name)
        except ImageNetSError as error:
            return Problem("size", name, str(error))
    try:
        ids = decode_mask(pixels, name=name)
        if known is None:
            if (ids == IGNORE_ID).any():
                top = categories(config).num_classes
                text = f"{name} holds {IGNORE_ID}, which marks ignored pixels of the ground truth: ids are 0..{top}"
                return Problem("ids", name, text)
            check_ids(ids, config, name)
        elif (unknown := np.setdiff1d(ids, known)).size:
            return Problem("ids", name, f"{name} holds cluster {unknown[0]}, which the match does not know")
    except ImageNetSError as error:
        return Problem("ids", name, str(error))
    return None
