"""`RegionAccuracy`: top-1 and top-5 accuracy of region classification, as means over classes and over images.

Alpha-CLIP's protocol: in each image the region of its class is classified, and the accuracies of the classes that occur
are averaged (SunzeY/AlphaCLIP, `eval/imagenet_s_zs_test`).
"""

from __future__ import annotations

import hashlib
import io
import json
import operator
import os
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..conversion.core.paths import local_path
from .class_ranks import TOP, read_predictions
from .matched_miou.counts_file import opened_run, saved_integers
from .matched_miou.own_figures import WithOwnFigures
from .matched_miou.saved_record import Record, merged_record, packed_record, unpacked_record
from .matched_miou.saving import save_bytes

FORMAT = "region accuracy, version 1"


class RegionAccuracy(WithOwnFigures):
    """Accuracies from the rank that each image's class has among the scores.

    An image is reduced to that rank, an integer, when it is added, so the figures do not depend on batches, order or
    merged parts.

    Ties count as errors: a class ranks behind all others of the same score, so a model that scores all classes alike
    has an accuracy of 0.

    Args:
        num_classes: C; targets are class ids 1..C. 50, 300 or 919 in ImageNet-S.

    Raises:
        ValueError: a number of classes below 1.

    Examples:
        >>> metric = RegionAccuracy(num_classes=3)
        >>> metric.update([0.1, 0.7, 0.2], target=2)
        >>> metric.update([0.4, 0.4, 0.1], target=1)
        >>> result = metric.compute()
        >>> result["top1"], result["top5"], result["per_category_top1"][1:]
        (0.5, 1.0, [0.0, 1.0, nan])
    """

    def __init__(self, num_classes: int) -> None:
        self.num_classes = operator.index(num_classes)
        if self.num_classes < 1:
            raise ValueError(f"num_classes={num_classes}: expected at least 1; 50, 300 or 919 in ImageNet-S.")
        self.record: Record = {}
        self._names: list[str] = []
        self._targets: list[int] = []
        self._ranks: list[int] = []
        self._counted_names: set[str] = set()

    def __len__(self) -> int:
        return len(self._ranks)

    def __repr__(self) -> str:
        return f"RegionAccuracy(num_classes={self.num_classes}): {len(self):,} images"

    @property
    def names(self) -> list[str]:
        """The names of the images in the order in which they were counted; empty where none was given."""
        return list(self._names)

    def update(self, prediction: Any, target: Any, name: str | Sequence[str] | None = None) -> None:
        """Count one image, or a batch.

        Args:
            prediction: scores, real numbers, higher is better: C of them, the first of class 1, or C + 1, the first of
                `other`, which then competes with the classes. Or integers: class ids in the order of preference, the
                best first, as many as there are. N rows of either for a batch. NumPy, torch or nested lists.
            target: the class id, 1..C; N of them for a batch.
            name: the image's name, to notice one that is counted twice, and for `per_image`; N of them for a batch.

        Raises:
            ValueError: numbers that do not fit together, a score that is NaN, a target that is no class, a name that
                was counted already. Nothing is counted then.
        """
        names, targets, ranks, _ = read_predictions(prediction, target, name, self.num_classes)
        given = Counter(image_name for image_name in names if image_name)
        if twice := [
            image_name for image_name, count in given.items() if count > 1 or image_name in self._counted_names
        ]:
            raise ValueError(f"{twice[0]} was counted already; each image counts once.")
        self._names += names
        self._targets += targets.tolist()
        self._ranks += ranks.tolist()
        self._counted_names.update(given)

    def merge(self, other: RegionAccuracy) -> RegionAccuracy:
        """Add the images of another one, as of another process.

        Returns:
            This one.

        Raises:
            ValueError: another number of classes, or an image that both counted. Nothing is added then.
        """
        if self.num_classes != other.num_classes:
            raise ValueError(f"cannot merge {other!r} into {self!r}: the classes must be the same.")
        twice = sorted(self._counted_names & other._counted_names)
        if twice or (other is self and len(self)):
            raise ValueError(f"{twice[0] if twice else 'every image'} was counted on both sides; each counts once.")
        self.record = merged_record(self, other)
        self._names += other._names
        self._targets += other._targets
        self._ranks += other._ranks
        self._counted_names |= other._counted_names
        return self

    def compute(self) -> dict[str, Any]:
        """The accuracies, as fractions of 1.

        Returns:
            `top1`, `top5`: means over the classes that have images; `image_top1`, `image_top5`: means over images;
            `per_category_top1`, `per_category_top5`, `per_category_images`: C + 1 by class id, NaN where there is no
            image; `num_images`, `num_categories` (classes that have images).

        Raises:
            ValueError: nothing was counted.
        """
        if not self._ranks:
            raise ValueError("nothing was counted: give at least one image first.")
        targets, ranks = np.array(self._targets), np.array(self._ranks)
        images = np.bincount(targets, minlength=self.num_classes + 1)
        occurring = images > 0
        result: dict[str, Any] = {}
        for k in TOP:
            hits = np.bincount(targets[(ranks > 0) & (ranks <= k)], minlength=self.num_classes + 1)
            with np.errstate(invalid="ignore"):
                accuracy = hits / images
            result[f"top{k}"] = float(accuracy[occurring].mean())
            result[f"image_top{k}"] = int(hits.sum()) / len(ranks)
            result[f"per_category_top{k}"] = accuracy.tolist()
        return {
            **result,
            "per_category_images": images.tolist(),
            "num_images": len(ranks),
            "num_categories": int(occurring.sum()),
        }

    def per_image(self) -> dict[str, list[Any]]:
        """`name` (empty where none was given), `target`, `rank`, `top1` and `top5` of each image, as columns.

        A rank of 1 is right; 0 means that a list of class ids did not contain the target.
        """
        return {**self._computed_columns(), **self._own_columns()}

    def _computed_columns(self) -> dict[str, list[Any]]:
        hits = {f"top{k}": [float(0 < rank <= k) for rank in self._ranks] for k in TOP}
        return {"name": list(self._names), "target": list(self._targets), "rank": list(self._ranks), **hits}

    def digest(self) -> str:
        """The sha256 of the ranks as hexadecimal digits: the same for the same images, in whatever order counted."""
        images = sorted(zip(self._names, self._targets, self._ranks))
        return hashlib.sha256(f"region accuracy {self.num_classes} {json.dumps(images)}".encode()).hexdigest()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the ranks to one compressed file (.npz), which `load` reads and `compare` takes."""
        archive = io.BytesIO()
        np.savez_compressed(
            archive,
            format=np.array(FORMAT),
            num_classes=np.array(self.num_classes),
            names=np.frombuffer(json.dumps(self._names).encode(), np.uint8),
            targets=np.array(self._targets, np.int32),
            ranks=np.array(self._ranks, np.int32),
            record=packed_record(self.record),
        )
        save_bytes(local_path(path), archive.getvalue())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> RegionAccuracy:
        """The ranks that `save` wrote.

        Raises:
            ValueError: the file holds none, or is damaged.
            FileNotFoundError: there is no file.
        """
        with opened_run(local_path(path), FORMAT, "ranks") as data:
            metric = cls(int(saved_integers(data, "num_classes")))
            names, record = json.loads(data["names"].tobytes()), unpacked_record(data)
            targets, ranks = (saved_integers(data, name) for name in ("targets", "ranks"))
            given = [name for name in names if name]
            fit = targets.shape == ranks.shape == (len(names),) and len(set(given)) == len(given)
            if not fit or not isinstance(names, list) or not all(isinstance(name, str) for name in names):
                raise ValueError("its arrays do not fit together")
            inside = (targets >= 1) & (targets <= metric.num_classes) & (ranks >= 0) & (ranks <= metric.num_classes + 1)
            if not inside.all():
                raise ValueError("a number in it is none that a prediction gives")
        metric.record, metric._names = record, names
        metric._targets, metric._ranks = targets.tolist(), ranks.tolist()
        metric._counted_names = set(names) - {""}
        return metric
