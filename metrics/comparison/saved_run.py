"""Runs that `compare` takes, as files: which class reads one, and what tables call it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np

from ...conversion.core.errors import cause
from ...conversion.core.paths import local_path
from ..matched_miou.counts_file import DAMAGED_NPZ
from ..matched_miou.metric import MatchedIoU
from ..region_accuracy import FORMAT as RANKS_FORMAT
from ..region_accuracy import RegionAccuracy
from ..reliance.object_reliance import ObjectReliance
from ..reliance.reliance_file import FORMAT as ANSWERS_FORMAT
from ..saliency.localization_metric import Localization
from ..saliency.scores_file import FORMAT as SCORES_FORMAT

Run: TypeAlias = Localization | MatchedIoU | ObjectReliance | RegionAccuracy
_READERS: Mapping[str, type[Localization | ObjectReliance | RegionAccuracy]] = {
    SCORES_FORMAT: Localization,
    ANSWERS_FORMAT: ObjectReliance,
    RANKS_FORMAT: RegionAccuracy,
}
"""Format of a file -> what reads it; `MatchedIoU` reads any other, or says what is wrong with it."""


def load_run(path: str | os.PathLike[str]) -> Run:
    """What `save` of any kind of run wrote.

    Raises:
        ValueError: the file holds none of them.
        FileNotFoundError: there is no file.
    """
    path = local_path(path)
    try:
        with np.load(path, allow_pickle=False) as data:
            form = str(data["format"])
    except FileNotFoundError:
        raise
    except DAMAGED_NPZ as error:
        raise ValueError(
            f"{path} holds no counts and no scores ({cause(error)}): expected what `imagenet-s evaluate` or "
            "`evaluate-maps` writes with --save-counts, or what `save` of `ObjectReliance` or `RegionAccuracy` wrote."
        ) from error
    return _READERS.get(form, MatchedIoU).load(path)  # type: ignore[attr-defined]


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
