"""Checks of predictions: files that are missing, unexpected or misplaced, and the content of each file."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..annotations.lists import LISTED_SPLITS
from ..core.errors import ImageNetSError, some
from ..core.workers import usable_cpus
from ..facts import IGNORE_ID, SPELLINGS, categories
from ..masks.codec import check_ids, check_size, decode_mask, open_mask_image, wrong_mode
from ..masks.mask_reader import MaskReader
from ..masks.split_masks import image_of

_BATCH = 256
_MAX_THREADS = 8


@dataclass(frozen=True)
class SubmissionProblem:
    """One thing that is wrong with a submission.

    Attributes:
        kind: `missing`, `extra`, `folder` (in the wrong class folder), `unreadable`, `not RGB`, `ids`, `size`,
            `method.txt` or `match.json`.
        name: the file, `<class folder>/<image_id>.png`.
        message: what is wrong with it, in words.
    """

    kind: str
    name: str
    message: str


def compare_names(names: Collection[str], wnids: Mapping[str, str]) -> list[SubmissionProblem]:
    """Compare the names of the files with the list: missing ones, extra ones, and those in the wrong class folder.

    Args:
        names: the names of the files, `<class folder>/<image_id>.png`.
        wnids: image id -> class folder, for every image of the list.
    """
    wanted = {f"{wnid}/{image_id}.png" for image_id, wnid in wnids.items()}
    present = set(names)
    problems, misplaced = [], set()
    for name in sorted(present - wanted):
        image_id = image_of(name)
        right = f"{wnids[image_id]}/{image_id}.png" if image_id in wnids else None
        if right and right not in present:
            misplaced.add(right)
            problems.append(SubmissionProblem("folder", name, f"{name} belongs to {right}"))
        else:
            problems.append(SubmissionProblem("extra", name, f"{name} is no prediction of the list"))
    return problems + [
        SubmissionProblem("missing", name, f"{name} is missing") for name in sorted(wanted - present - misplaced)
    ]


def refuse_other_depth(path: Path, names: list[str], split: str, wnids: Mapping[str, str]) -> None:
    """Raise one error instead of thousands of problems if the class folders are in a subfolder."""
    pngs = [name for name in names if name.endswith(".png")]
    if not pngs:
        seen = some(sorted(names), 3) or "nothing"
        raise ImageNetSError(f"{path} holds no predictions (it holds {seen}): expected <class folder>/<image_id>.png.")
    parts = {tuple(name.split("/")[:-2]) for name in pngs}
    if len(parts) == 1 and (above := parts.pop()):
        inside = {tuple(name.split("/")[-2:]) for name in pngs}
        if any((wnid, f"{image_id}.png") in inside for image_id, wnid in wnids.items()):
            raise ImageNetSError(f"the class folders of {path} lie in its folder {'/'.join(above)}: give that one.")
    # A folder for each split, as distance-match writes them.
    for folder in sorted(parents[0] for parents in parts if len(parents) == 1):
        if SPELLINGS.get(folder, folder) == split:
            raise ImageNetSError(f"{path} holds a folder for each of several splits: give its folder {folder}.")


def refuse_other_split(
    path: Path, names: list[str], split: str, wnids: Mapping[str, str], other_lists: Callable[[str], Collection[str]]
) -> None:
    """Raise one error instead of thousands of problems if the predictions are those of another split."""
    stems = {image_of(name) for name in names if name.endswith(".png")}
    if stems & wnids.keys():
        return
    for other in LISTED_SPLITS:
        if other != split and stems & set(other_lists(other)):
            raise ImageNetSError(
                f"{path} holds predictions of {other}, and none of {split}: "
                + (f'say split="{other}" (--split {other}).' if other != "train_semi" else "submissions are of test.")
            )


def check_predictions(
    predictions: MaskReader,
    names: Collection[str],
    config: str,
    sizes: Mapping[str, tuple[int, int]],
    clusters: Collection[int] | None,
) -> Iterator[tuple[str, bytes, SubmissionProblem | None]]:
    """Read predictions and check their content.

    Args:
        predictions: reads them.
        names: the predictions to check, `<class folder>/<image_id>.png`.
        config: the configuration of their class ids.
        sizes: image id -> (width, height); predictions of other images may have any size.
        clusters: the ids in the match, if predictions are clusters; else None.

    Yields:
        Name, content and problem (None if there is none), in the order of the names.
    """
    known_clusters = None if clusters is None else set(clusters)

    def check(name: str) -> tuple[str, bytes, SubmissionProblem | None]:
        data, kind = b"", "unreadable"
        try:
            data = predictions.read(name)
            with open_mask_image(data, name) as image:
                mode, image_size, pixels = image.mode, image.size, np.asarray(image)
            kind = "not RGB"
            if mode.startswith("I"):  # like the masks of the data set, but the test server reads RGB only
                raise ImageNetSError(f"{name} is 16-bit grey, not RGB (id = R + 256 * G): PredictionWriter writes RGB")
            if mode != "RGB":
                raise wrong_mode(mode, name)
            kind = "size"
            check_size(image_size, sizes.get(image_of(name), image_size), name)
            kind = "ids"
            _check_ids(decode_mask(pixels, name=name), config, known_clusters, name)
        except ImageNetSError as error:
            return name, data, SubmissionProblem(kind, name, str(error))
        return name, data, None

    remaining = iter(names)
    # Threads, because decoding releases the GIL; in batches, so that few files are in memory.
    with ThreadPoolExecutor(min(usable_cpus(), _MAX_THREADS)) as threads:
        while batch := list(itertools.islice(remaining, _BATCH)):
            yield from threads.map(check, batch)


def _check_ids(ids: np.ndarray, config: str, clusters: set[int] | None, name: str) -> None:
    if clusters is None:
        if (ids == IGNORE_ID).any():
            top = categories(config).num_classes
            raise ImageNetSError(
                f"{name} holds {IGNORE_ID}, which marks ignored pixels of the ground truth: ids are 0..{top}"
            )
        check_ids(ids, config, name)
    elif unknown := set(np.unique(ids).tolist()) - clusters:
        raise ImageNetSError(f"{name} holds cluster {min(unknown)}, which the match does not know")
