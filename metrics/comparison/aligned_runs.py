"""Runs over the same images, side by side: their figures of single images as matrices of images x runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..class_ranks import TOP
from ..matched_miou.matching import Matching
from ..matched_miou.metric import MatchedIoU
from ..region_accuracy import RegionAccuracy
from ..reliance.object_reliance import ObjectReliance
from ..reliance.reliance_figures import DIFFERENCES
from ..saliency.localization_metric import Localization
from ..saliency.score_options import differing_options, show
from .saved_run import Run

MASK_KEYS = ("mean_iou", "pixel_accuracy", "f_measure", "image_accuracy")
"""The figures that `MatchedIoU.per_image` gives for an image; its `mean_iou` is over the ids that the image holds."""

Matchings: TypeAlias = Matching | Sequence[Matching]
"""One for all runs, or one for each."""
_SHOWN = 5


@dataclass(frozen=True)
class AlignedRuns:
    """Figures of the images that all runs have.

    Attributes:
        names: of the runs, in the order of the columns.
        images: the names of the images, sorted.
        figures: key -> images x runs; NaN where an image has no such figure.
    """

    names: tuple[str, ...]
    images: Sequence[str]
    figures: Mapping[str, NDArray[np.float64]]

    def values(self, key: str) -> NDArray[np.float64]:
        """A figure of the images that have it in every run, images x runs.

        Raises:
            ValueError: no such figure.
        """
        if key not in self.figures:
            raise ValueError(f"key={key!r} (--key): these runs have {', '.join(self.figures)}.")
        values = self.figures[key]
        return values[~np.isnan(values).any(axis=1)]


def aligned_runs(runs: Mapping[str, Run], matching: Matchings = "none") -> AlignedRuns:
    """Put runs side by side.

    Args:
        runs: name -> run; all of one kind, over the same images (and targets), every image with a name.
        matching: of `MatchedIoU`: how clusters are matched, for all runs or one for each.

    Raises:
        ValueError: fewer than two runs, runs that do not go together, images that only some of them have.
    """
    if len(runs) < 2:
        raise ValueError(f"{len(runs)} run: expected at least two to compare.")
    first_name, first = next(iter(runs.items()))
    for name, run in runs.items():
        _check_pair(first_name, first, name, run)
        if not all(run.names):  # per_image would call it by its number, which differs between runs
            raise ValueError(
                f"{name}, {run!r}, has an image without a name: give update a name, by which images are paired."
            )
    columns = {name: run.per_image(*_matching(matching, i, run)) for i, (name, run) in enumerate(runs.items())}
    images, order = _paired(columns)
    keys = [key for key in _keys(first, columns[first_name]) if all(key in own for own in columns.values())]
    figures = {
        key: np.stack([np.array(columns[name][key], np.float64)[order[name]] for name in runs], axis=1) for key in keys
    }
    return AlignedRuns(tuple(runs), images, figures)


def _keys(run: Run, columns: Iterable[str]) -> Sequence[str]:
    """The figures of a run, its own ones last."""
    if isinstance(run, ObjectReliance):
        keys = [key for key in columns if key.startswith("top1_") or key in ("flipped", *DIFFERENCES)]
    elif isinstance(run, RegionAccuracy):
        keys = [f"top{k}" for k in TOP]
    else:
        keys = list(run.keys if isinstance(run, Localization) else MASK_KEYS)
    return [*keys, *run.own_figures]


def _matching(matching: Matchings, position: int, run: Run) -> tuple[Matching, ...]:
    """The arguments of `per_image`."""
    return (matching_of(matching, position),) if isinstance(run, MatchedIoU) else ()


def matching_of(matching: Matchings, position: int) -> Matching:
    """The matching of the run at a position."""
    if isinstance(matching, (list, tuple)):
        chosen: Matching = matching[min(position, len(matching) - 1)]
        return chosen
    return matching  # type: ignore[return-value]


def _check_pair(first_name: str, first: Run, name: str, run: Run) -> None:
    """Refuse what makes figures of two runs differ beside what is to be compared."""
    if type(first) is not type(run):
        raise ValueError(
            f"cannot compare a {type(first).__name__} with a {type(run).__name__}: expected runs of one kind."
        )
    if isinstance(first, Localization) and isinstance(run, Localization):
        _check_options(first_name, first, name, run)
    elif _classes(first) != _classes(run):
        raise ValueError(f"the runs count different classes: {first!r} and {run!r}.")


def _classes(run: Run) -> tuple[Any, ...]:
    """What numbers its classes."""
    return tuple(getattr(run, name, None) for name in ("num_classes", "ignore_index", "labels"))


def _check_options(first_name: str, first: Localization, name: str, run: Localization) -> None:
    configs = [either.record.get("config") for either in (first, run)]
    if None not in configs and configs[0] != configs[1]:
        raise ValueError(f"{first_name} is of ImageNet-S-{configs[0]}, {name} of ImageNet-S-{configs[1]}.")
    differing = [option for option in differing_options(first.options, run.options) if option[0] != "relevance"]
    if differing:
        option, mine, other = differing[0]
        values = mine if option == "thresholds" else (mine,)
        how = f"without --{option}" if mine is None else f"with --{option} {' '.join(map(show, values))}"
        raise ValueError(
            f"the runs were scored with different options: {option}={mine!r} and {option}={other!r}. Score the maps of "
            f"{name} again with {option}={mine!r} (`imagenet-s evaluate-maps ... --save-counts FILE` {how})."
        )


def _paired(columns: Mapping[str, Mapping[str, list[Any]]]) -> tuple[list[str], dict[str, list[int]]]:
    """The names of the images, sorted, and the positions of these in each run."""
    positions = {name: {image: i for i, image in enumerate(own["name"])} for name, own in columns.items()}
    (first_name, first), *others = positions.items()
    for name, own in others:
        for which, only, number in ((first_name, first.keys() - own, len(first)), (name, own.keys() - first, len(own))):
            if only:
                shown = ", ".join(sorted(only)[:_SHOWN]) + (" and more" if len(only) > _SHOWN else "")
                raise ValueError(
                    f"only {which} has {len(only):,} of its {number:,} images: {shown}. Expected the same images in "
                    "all runs, each with a name: score the others too, or leave these out (`imagenet-s evaluate` and "
                    "`evaluate-maps`: --list FILE)."
                )
    images = sorted(first)
    order = {name: [own[image] for image in images] for name, own in positions.items()}
    if "target" in columns[first_name]:
        for name, _ in others:
            for image, i, j in zip(images, order[first_name], order[name]):
                targets = columns[first_name]["target"][i], columns[name]["target"][j]
                if targets[0] != targets[1]:
                    raise ValueError(
                        f"{image} was scored for class {targets[0]} in {first_name} and for class {targets[1]} in "
                        f"{name}: expected the same targets."
                    )
    return images, order
