"""`check_submission` and `write_submission`: the same predictions give the same zip, byte for byte."""

from __future__ import annotations

import contextlib
import os
import zipfile
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from ...metrics.matched_miou.matching import parse_match
from ..annotations import open_annotations
from ..core.atomic_write import atomic_write
from ..core.cache import file_digest
from ..core.errors import ImageNetSError
from ..core.paths import local_path
from ..facts import categories, config_name
from ..facts.spellings import split_name
from ..masks.mask_reader import MaskReader
from ..masks.mask_zip import ZipReader
from ..masks.split_masks import image_of
from .method_file import METHOD_FILE, Method, method_problem
from .open_predictions import open_predictions
from .prediction_checks import (
    SubmissionProblem,
    check_predictions,
    compare_names,
    refuse_other_depth,
    refuse_other_split,
)

MATCH_FILE = "match.json"
"""Optional: the class of each cluster, if predictions are clusters."""
_DATE = (1980, 1, 1, 0, 0, 0)
"""The earliest date of a zip, for all files, so that the zip does not depend on when they were written."""
_MODE = 0o100644 << 16


@dataclass
class CheckedSubmission:
    """The result of a check.

    Attributes:
        config: the configuration.
        split: the split.
        images: how many predictions the official list asks for.
        problems: everything that is wrong; a zip is written only if it is empty.
        sizes_checked: how many predictions were compared with the size of their image.
        sha256: of the zip that was written or checked; None if none was written, or into a pipe.
    """

    config: str
    split: str
    images: int = 0
    problems: list[SubmissionProblem] = field(default_factory=list)
    sizes_checked: int = 0
    sha256: str | None = None

    def add_problem(self, file: str, message: str) -> None:
        """Add a problem of `method.txt` or `match.json`."""
        self.problems.append(SubmissionProblem(file, file, message))


def check_submission(
    path: str | os.PathLike[str],
    config: str,
    split: str = "test",
    *,
    sizes: Mapping[str, tuple[int, int]] | None = None,
    annotations_dir: str | os.PathLike[str] | None = None,
    verify: bool = True,
) -> CheckedSubmission:
    """Check a zip that is ready to be submitted.

    Args:
        path: the zip.
        config: `"50"`, `"300"` or `"919"`.
        split: `"test"`, or `"validation"` for practice.
        sizes: (width, height) of the images, from `image_sizes`; sizes of other images are not checked.
        annotations_dir: where the list is.
        verify: whether the list must be the official one.

    Returns:
        The result, with all problems.

    Raises:
        ImageNetSError: there is no such zip, or no list.
    """
    path = local_path(path, "the submission")
    if os.path.isdir(path):
        raise ImageNetSError(f"{path} is a folder: a submission is a zip, which `imagenet-s submit` packs.")
    checked, wnids, other_lists = _read_list(config, split, annotations_dir, verify)
    with open_predictions(path, config, split) as predictions:
        if METHOD_FILE not in predictions.names:
            checked.add_problem(METHOD_FILE, f"{METHOD_FILE} is missing from the zip's root")
        elif problem := method_problem(predictions.read(METHOD_FILE).decode("utf-8", errors="replace")):
            checked.add_problem(METHOD_FILE, f"{METHOD_FILE}: {problem}")
        match = predictions.read(MATCH_FILE) if MATCH_FILE in predictions.names else None
        _check_all(predictions, checked, wnids, sizes or {}, match, None, other_lists)
        for name in predictions.passed_over if isinstance(predictions, ZipReader) else ():
            checked.problems.append(SubmissionProblem("extra", name, f"{name} is no prediction: pack without it"))
    checked.sha256 = file_digest(path)
    return checked


def write_submission(
    predictions_path: str | os.PathLike[str],
    target: str | os.PathLike[str],
    config: str,
    split: str = "test",
    method: Method | None = None,
    *,
    match: str | os.PathLike[str] | None = None,
    sizes: Mapping[str, tuple[int, int]] | None = None,
    annotations_dir: str | os.PathLike[str] | None = None,
    verify: bool = True,
) -> CheckedSubmission:
    """Check predictions and pack them as the (closed) test server took them.

    Args:
        predictions_path: folder or zip of `<class folder>/<image_id>.png`, as `PredictionWriter` writes them, or a
            data set that `imagenet-s convert` wrote, whose masks are taken.
        target: the zip; replaced when the new one is complete.
        config: `"50"`, `"300"` or `"919"`.
        split: `"test"`, or `"validation"` for practice.
        method: for method.txt.
        match: a match.json, if predictions are clusters; it is packed byte for byte.
        sizes: as in `check_submission`.
        annotations_dir: where the list is.
        verify: whether the list must be the official one.

    Returns:
        The result; the zip was written if it has no problems.

    Raises:
        ImageNetSError: there are no predictions, no list, or the target lies among the predictions.
    """
    out = Path(local_path(target, "the target")).absolute()
    predictions_path = local_path(predictions_path, "the predictions")
    if os.path.isdir(predictions_path) and Path(predictions_path).resolve() in out.resolve().parents:
        raise ImageNetSError(f"{out} would lie among the predictions: give a zip outside of {predictions_path}.")
    if out.is_dir():
        raise ImageNetSError(f"{out} is a folder: give the name of a zip.")
    checked, wnids, other_lists = _read_list(config, split, annotations_dir, verify)
    match_data = None
    if match is not None:
        match = local_path(match, "the match")
        try:
            match_data = Path(match).read_bytes()
        except OSError as error:
            raise ImageNetSError(f"the match {match} can't be read ({error.strerror or error}).") from error
    with open_predictions(predictions_path, config, split) as predictions:
        if match is None and MATCH_FILE in predictions.names:
            checked.add_problem(
                MATCH_FILE, f"{MATCH_FILE} is among the predictions: give it with --match, or remove it"
            )
        # Not compressed: PNGs are compressed already, and another version of zlib would give other bytes.
        with (
            contextlib.suppress(_ProblemsFoundError),
            atomic_write(out) as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive,
        ):
            if match_data is not None:
                _add(archive, MATCH_FILE, match_data)
            _add(archive, METHOD_FILE, (method or Method()).text().encode())
            _check_all(predictions, checked, wnids, sizes or {}, match_data, archive, other_lists)
            if checked.problems:
                raise _ProblemsFoundError
    if not checked.problems and out.is_file():  # no pipe
        checked.sha256 = file_digest(out)
    return checked


class _ProblemsFoundError(Exception):
    """Leaves `atomic_write`, so that no zip is written."""


def _read_list(
    config: str, split: str, annotations_dir: str | os.PathLike[str] | None, verify: bool
) -> tuple[CheckedSubmission, dict[str, str], Callable[[str], Collection[str]]]:
    """The result to be filled, image id -> class folder of the list, and a function from a split to its image ids."""
    config = config_name(config)
    split = split_name(split, config)
    annotations = open_annotations(config, annotations_dir, verify=verify)

    def image_ids(other: str) -> Collection[str]:
        try:
            return annotations.members(other)["image_id"].to_pylist()
        except ImageNetSError:  # other lists only serve to explain a problem
            return ()

    members = annotations.members(split)
    wnids = dict(zip(members["image_id"].to_pylist(), members["wnid"].to_pylist()))
    return CheckedSubmission(config, split, images=len(wnids)), wnids, image_ids


def _check_all(
    predictions: MaskReader,
    checked: CheckedSubmission,
    wnids: Mapping[str, str],
    sizes: Mapping[str, tuple[int, int]],
    match: bytes | None,
    archive: zipfile.ZipFile | None,
    other_lists: Callable[[str], Collection[str]],
) -> None:
    """Check every prediction, and add it to the archive as long as there are no problems."""
    names = [name for name in predictions.names if name not in (METHOD_FILE, MATCH_FILE)]
    refuse_other_depth(predictions.path, names, checked.split, wnids)
    refuse_other_split(predictions.path, names, checked.split, wnids, other_lists)
    problems = compare_names(names, wnids)
    checked.problems += problems
    clusters: Collection[int] | None = None
    if match is not None:
        try:
            clusters = _clusters(match, checked.config)
        except ValueError as error:
            checked.add_problem(MATCH_FILE, str(error))
            clusters = range(1 << 16)  # without a match, no cluster is wrong
    # The content of extra files does not matter.
    extra = {problem.name for problem in problems if problem.kind == "extra"}
    todo = [name for name in names if name not in extra]
    results = check_predictions(predictions, todo, checked.config, sizes, clusters)
    for name, data, problem in tqdm(results, total=len(todo), desc="checking predictions", unit="image", delay=1):
        checked.sizes_checked += image_of(name) in sizes
        if problem is not None:
            checked.problems.append(problem)
        elif archive is not None and not checked.problems:
            _add(archive, name, data)


def _clusters(match: bytes, config: str) -> Collection[int]:
    """The clusters of a match.json, which must hold "0": 0 as the official tools write it."""
    clusters = parse_match(match, categories(config).num_classes, MATCH_FILE)
    if 0 not in clusters:
        raise ImageNetSError(
            f'{MATCH_FILE} lacks "0": 0, which the official tools expect; `imagenet-s match` writes it.'
        )
    return clusters


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    info = zipfile.ZipInfo(name, _DATE)
    info.create_system = 3  # Unix, wherever it is written
    info.external_attr = _MODE
    archive.writestr(info, data)
