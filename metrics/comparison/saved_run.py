"""Runs that `compare` takes, as files: which class reads one, and what tables call it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from ...conversion.core.errors import cause
from ...conversion.core.paths import local_path
from ..matched_miou.counts_file import DAMAGED_NPZ
from ..matched_miou.metric import MatchedIoU
from ..saliency.localization_metric import Localization
from ..saliency.scores_file import FORMAT as SCORES_FORMAT

Run: TypeAlias = Localization | MatchedIoU


def load_run(path: str | os.PathLike[str]) -> Run:
    """The counts or scores that `MatchedIoU.save` or `Localization.save` wrote.

    Raises:
        ValueError: the file holds neither.
        FileNotFoundError: there is no file.
    """
    path = local_path(path)
    try:
        with np.load(path, allow_pickle=False) as data:
            scores = str(data["format"]) == SCORES_FORMAT
    except FileNotFoundError:
        raise
    except DAMAGED_NPZ as error:
        raise ValueError(
            f"{path} holds no counts and no scores ({cause(error)}): expected what `imagenet-s evaluate` or "
            "`evaluate-maps` writes with --save-counts."
        ) from error
    return Localization.load(path) if scores else MatchedIoU.load(path)


def run_names(runs: Sequence[Run], paths: Sequence[str]) -> list[str]:
    """What tables and pages call saved runs: the names in their records, else those of their files, all different.

    Args:
        runs: the runs.
        paths: their files, in the same order.
    """
    stems = [os.path.splitext(os.path.basename(path))[0] for path in paths]
    named = [run.record.get("name") or stem for run, stem in zip(runs, stems)]
    for names in (named, stems, list(paths)):
        if len(set(names)) == len(names):
            return names
    return [f"{name} ({number})" for number, name in enumerate(named, 1)]
