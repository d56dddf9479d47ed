"""`ObjectReliance`: what a classifier answers to an object, to its background, and to the object before another one."""

from __future__ import annotations

import hashlib
import operator
import os
from collections import Counter
from collections.abc import Sequence
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ...conversion.core.paths import local_path
from ...conversion.facts import COMPOSITE_KINDS
from ..class_ranks import as_array, read_predictions
from ..matched_miou.bootstrap import check_bootstrap
from ..matched_miou.own_figures import WithOwnFigures
from ..matched_miou.saved_record import Record, merged_record
from .reliance_figures import figure_intervals, figure_value, figures, per_image_columns
from .reliance_file import Answers, load_answers, save_answers

AVERAGES = ("image", "category")
_LABELS = {"category": 1, "imagenet": 0}
"""How classes are numbered -> the lowest number."""


class ObjectReliance(WithOwnFigures):
    """Accuracies on the kinds of pictures that `imagenet_s.conversion.transforms.composite` makes, and differences.

    Answers are paired by the names of the images. Of an answer, the rank of the right class is kept and the class that
    stands first, so figures do not depend on batches, order or merged parts. A tie with the right class is an error, as
    in `RegionAccuracy`.

    Args:
        num_classes: C: 50, 300 or 919 in ImageNet-S, 1000 of ImageNet.
        labels: how targets and predictions number the classes: `"category"` for class ids 1..C, `"imagenet"` for labels
            0..C - 1, as every classifier of ImageNet does (`imagenet_label` of a row).

    Attributes:
        record: what `save` keeps beside the answers, as other runs do: `metric.record["name"] = "ResNet-50"`,
            `metric.record["options"] = {"fill": "tile", "seed": 0}`, what a table must say of it.

    Raises:
        ValueError: a number of classes below 1, or no such labels.

    Examples:
        >>> metric = ObjectReliance(3)
        >>> metric.update("original", [[0.1, 0.7, 0.2], [0.9, 0.1, 0.0]], target=[2, 1], name=["cat", "dog"])
        >>> metric.update("mixed_random", [[0.1, 0.7, 0.2], [0.3, 0.1, 0.6]], target=[2, 1], name=["cat", "dog"])
        >>> result = metric.compute()
        >>> result["top1_original"], result["top1_mixed_random"], result["flipped"]
        (1.0, 0.5, 0.5)
    """

    def __init__(self, num_classes: int, labels: str = "category") -> None:
        self.num_classes = operator.index(num_classes)
        if self.num_classes < 1:
            raise ValueError(f"num_classes={num_classes}: expected at least 1; 919 in ImageNet-S, 1000 in ImageNet.")
        if labels not in _LABELS:
            raise ValueError(f"labels={labels!r}: expected {' or '.join(map(repr, _LABELS))}.")
        self.labels = labels
        self.record: Record = {}
        self._targets: dict[str, int] = {}
        self._shares: dict[str, float] = {}
        self._ranks: dict[str, dict[str, tuple[int, int]]] = {}
        """Kind -> image -> the rank of the right class, and the class that stands first."""

    def __len__(self) -> int:
        return len(self._targets)

    def __repr__(self) -> str:
        kinds = ", ".join(f"{kind} {len(self._ranks[kind]):,}" for kind in self.kinds)
        return f"ObjectReliance(num_classes={self.num_classes}, labels={self.labels!r}): {kinds or 'no images'}"

    @property
    def names(self) -> list[str]:
        """The images that were counted, sorted."""
        return sorted(self._targets)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds that were counted."""
        return tuple(kind for kind in COMPOSITE_KINDS if kind in self._ranks)

    def update(
        self, kind: str, prediction: Any, target: Any, name: str | Sequence[str], object_share: Any = None
    ) -> None:
        """Count the answer to one picture, or to a batch of one kind.

        Args:
            kind: what the picture shows, see `composite`.
            prediction: C scores, or C + 1 of class ids with `other` first, or classes as integers, the best first; N
                rows of either for a batch. As `RegionAccuracy.update` takes them.
            target: the right class; N of them for a batch.
            name: of the image: the same for all its kinds, by which they are paired; N of them for a batch.
            object_share: of the object in the image, 0..1, as rows of `composite` have it: for figures by size. Once
                for an image is enough; N of them for a batch.

        Raises:
            ValueError: no such kind, numbers that do not fit together, a picture without a name or counted before, an
                image with another class or share in another kind. Nothing is counted then.
        """
        if kind not in COMPOSITE_KINDS:
            raise ValueError(f"kind={kind!r}: expected one of {', '.join(COMPOSITE_KINDS)}.")
        given = read_predictions(prediction, target, name, self.num_classes, _LABELS[self.labels])
        targets = dict(zip(given.names, given.targets.tolist()))
        shares = _shares(object_share, given.names)
        counted = self._ranks.get(kind, {})
        if not all(given.names):
            raise ValueError("an image has no name: the kinds of an image are paired by its name.")
        if twice := [n for n, times in Counter(given.names).items() if times > 1 or n in counted]:
            raise ValueError(f"{twice[0]} was counted already for {kind}; each image counts once a kind.")
        self._check_images(targets, shares)
        self._targets.update(targets)
        self._shares.update(shares)
        self._ranks.setdefault(kind, {}).update(zip(given.names, zip(given.ranks.tolist(), given.answers.tolist())))

    def merge(self, other: ObjectReliance) -> ObjectReliance:
        """Add the answers of another one, as of another process or of another kind.

        Returns:
            This one.

        Raises:
            ValueError: other classes, a picture that both counted, an image with another class or share. Nothing is
                added then.
        """
        if (self.num_classes, self.labels) != (other.num_classes, other.labels):
            raise ValueError(f"cannot merge {other!r} into {self!r}: the classes must be the same.")
        for kind, answers in other._ranks.items():
            if twice := sorted(answers.keys() & self._ranks.get(kind, {}).keys()):
                raise ValueError(f"{twice[0]} was counted on both sides for {kind}; each image counts once a kind.")
        self._check_images(other._targets, other._shares)
        self.record = merged_record(self, other)
        self._targets.update(other._targets)
        self._shares.update(other._shares)
        for kind, answers in other._ranks.items():
            self._ranks.setdefault(kind, {}).update(answers)
        return self

    def compute(
        self, average: str = "image", samples: int = 1000, seed: int = 0, level: float = 0.95
    ) -> dict[str, Any]:
        """The figures, as fractions of 1.

        Args:
            average: `"image"`: of all images together; `"category"`: the mean over the classes that occur.
            samples: number of resamples of the images.
            seed: of `numpy.random.default_rng`.
            level: the fraction of the resamples that lies inside an interval.

        Returns:
            `top1_<kind>` and `top5_<kind>` of the kinds that were counted; `background_gap` (top-1 of `mixed_same`
            minus that of `mixed_random`), `object_only_drop` (`original` minus `object`), `background_only` (top-1 of
            `background`) and `flipped` (of the images right on the original, the share that is wrong on
            `mixed_random`), each of the images that have both kinds, NaN where there are none;
            `top1_<kind>_<s|ms|ml|l>` by the share of the object in its image (up to 5, 25, 50, 100 %), of the images
            whose share is known; `intervals`: figure -> (low, high), of all but those by size; `images` and `left_out`:
            figure -> how many images it is of, and how many lack a kind that it needs; `num_images`, `num_categories`.

        Raises:
            ValueError: nothing was counted, or an argument that means nothing.
        """
        if average not in AVERAGES:
            raise ValueError(f"average={average!r}: expected {' or '.join(map(repr, AVERAGES))}.")
        check_bootstrap(samples, level)
        if not self._targets:
            raise ValueError("nothing was counted: give at least one picture first.")
        rows = self._rows()
        named, by_size = figures(rows.ranks, rows.shares)
        categories, groups = np.unique(rows.targets, return_inverse=True)
        chosen = groups if average == "category" else None
        absent = [name for name in ("background_gap", "object_only_drop", "background_only", "flipped")
                  if name not in named]  # fmt: skip
        return {
            **{name: figure_value(figure, chosen) for name, figure in named.items()},
            **dict.fromkeys(absent, float("nan")),
            **{name: figure_value(figure, chosen) for name, figure in by_size.items()},
            "intervals": figure_intervals(named, chosen, samples, seed, level),
            "images": {name: int(figure.counted.sum()) for name, figure in named.items()},
            "left_out": {name: int((~figure.complete).sum()) for name, figure in named.items()},
            "num_images": len(self),
            "num_categories": len(categories),
        }

    def per_image(self) -> dict[str, list[Any]]:
        """The images as columns, sorted by name.

        Returns:
            `name`, `target`, `object_share` (NaN where it is not known); for each kind that was counted
            `answer_<kind>` (the class that stands first), `rank_<kind>` (of the right class; 0: a list without it),
            both -1 for an image that lacks the kind, and `top1_<kind>`; `background_gap`, `object_only_drop` and
            `flipped`: what the image adds to the figure, NaN where it is not counted.
        """
        return {**self._computed_columns(), **self._own_columns()}

    def _computed_columns(self) -> dict[str, list[Any]]:
        rows = self._rows()
        named, _ = figures(rows.ranks, rows.shares)
        columns = {"name": rows.names, "target": rows.targets.tolist(), "object_share": rows.shares.tolist()}
        for kind in self.kinds:
            columns[f"answer_{kind}"] = rows.answers[kind].tolist()
            columns[f"rank_{kind}"] = rows.ranks[kind].tolist()
        return {**columns, **per_image_columns(named, self.kinds)}

    def digest(self) -> str:
        """The sha256 of the answers as hexadecimal digits: the same for the same answers, in whatever order counted."""
        rows = self._rows()
        digest = hashlib.sha256(f"object reliance {self.num_classes} {self.labels} {rows.names}\n".encode())
        for name, column in [("", rows.targets), *rows.ranks.items(), *rows.answers.items()]:
            digest.update(f"{name}\n".encode() + column.astype("<i8").tobytes())
        return digest.hexdigest()

    def save(self, path: str | os.PathLike[str] | BinaryIO) -> None:
        """Write the answers to one compressed file (.npz), which `load` reads; the same in whatever order counted.

        Args:
            path: where the file appears when it is complete, or a file that is open for writing.
        """
        where = local_path(path) if isinstance(path, (str, os.PathLike)) else path
        save_answers(where, self.num_classes, self.labels, self._rows(), self.record)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> ObjectReliance:
        """The answers that `save` wrote.

        Raises:
            ValueError: the file holds none, or is damaged.
            FileNotFoundError: there is no file.
        """
        num_classes, labels, rows, record = load_answers(local_path(path))
        metric = cls(num_classes, labels)
        metric.record = record
        metric._targets = dict(zip(rows.names, rows.targets.tolist()))
        metric._shares = {name: share for name, share in zip(rows.names, rows.shares.tolist()) if share == share}
        for kind, ranks in rows.ranks.items():
            pairs = zip(rows.names, ranks.tolist(), rows.answers[kind].tolist())
            metric._ranks[kind] = {name: (rank, answer) for name, rank, answer in pairs if rank >= 0}
        return metric

    def _check_images(self, targets: dict[str, int], shares: dict[str, float]) -> None:
        """Refuse what contradicts the images that were counted."""
        for what, ours, given in (("class", self._targets, targets), ("object share", self._shares, shares)):
            for name in given.keys() & ours.keys():
                if given[name] != ours[name]:
                    raise ValueError(f"{name} has the {what} {given[name]} here and {ours[name]} in another kind.")

    def _rows(self) -> Answers:
        names = self.names
        columns = {
            kind: np.array([self._ranks[kind].get(name, (-1, -1)) for name in names], np.int64).reshape(-1, 2)
            for kind in self.kinds
        }
        return Answers(
            names,
            np.array([self._targets[name] for name in names], np.int64),
            np.array([self._shares.get(name, np.nan) for name in names], np.float64),
            {kind: column[:, 0] for kind, column in columns.items()},
            {kind: column[:, 1] for kind, column in columns.items()},
        )


def _shares(object_share: Any, names: Sequence[str]) -> dict[str, float]:
    """Image -> share, of those that are known."""
    if object_share is None:
        return {}
    shares: NDArray[Any] = np.atleast_1d(as_array(object_share))
    if shares.shape != (len(names),) or not np.issubdtype(shares.dtype, np.number):
        raise ValueError(
            f"object_share has the shape {shares.shape}: expected a number for each of {len(names)} images."
        )
    values = shares.astype(np.float64)
    if not (np.isnan(values) | ((values >= 0) & (values <= 1))).all():
        raise ValueError(f"object_share holds {values.min()}..{values.max()}: expected fractions of 1.")
    return {name: share for name, share in zip(names, values.tolist()) if share == share}
