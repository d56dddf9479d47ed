"""`Localization`: scores of maps against masks, added image by image, and all figures computed from them."""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ...conversion.core.paths import local_path
from ..matched_miou.own_figures import WithOwnFigures
from ..matched_miou.read_mask import MaskLike, path_name
from ..matched_miou.saved_record import Record, merged_record
from .left_out import doubts
from .map_array import MapLike, fit, read_map
from .pooled_pixels import PooledPixels
from .score_formulas import EDGES, check_target, score_image
from .score_options import Threshold, check_options, differing_options
from .scored_images import ScoredImages
from .scores_file import digest_of, load_scores, save_scores, write_scores

logger = logging.getLogger("imagenet_s")


class Localization(WithOwnFigures):
    """Scores of saliency, attribution or attention maps against masks.

    An image is reduced to its scores and to integer counts when it is added; neither map nor mask is kept. In any
    order, in batches of any size, merged from any parts, the figures are the same to the last bit. Ignored pixels
    (id 1000) are left out of everything, the range and the mean of the map included.

    Args:
        thresholds: of the scores `..._at_<threshold>`: numbers from 0 to 1, which cut the map scaled to this range,
            `"mean"` (above the mean of the map) and `"mean_std"` (mean plus standard deviation of the scaled map).
        tolerance: how close to the object, in pixels, a maximum still hits in `pointing_game`; 0 or 1 for none.
        relevance: what negative values mean: `"signed"` takes them as they are, `"positive"` as 0, `"absolute"` as
            positive.
        resize: `"map"` (bilinear) or `"mask"` (nearest) is brought to the other's size; None demands equal sizes.

    Attributes:
        options: the four arguments.
        record: what `save` keeps beside the scores: `name` of the run, `config`, `options` (`target` and `split` among
            them), `missing`, `no_class`, as `imagenet-s evaluate-maps` fills them in; of one's own runs,
            `metric.record["name"] = "Grad-CAM"` names it for `imagenet-s compare`. `versions` are added when it is
            saved.

    Raises:
        ValueError: an argument that means nothing.

    Examples:
        >>> metric = Localization()
        >>> metric.update(map=[[0.1, 0.9], [0.3, 0.2]], mask=[[0, 7], [7, 1000]], target=7, name="dog")
        >>> result = metric.compute()
        >>> result["pointing_game"], result["iou_at_0.5"], result["num_images"]
        (1.0, 0.5, 1)
    """

    def __init__(
        self,
        thresholds: Sequence[Threshold] = (0.5, "mean"),
        tolerance: float = 0,
        relevance: str = "signed",
        resize: str | None = None,
    ) -> None:
        self.options = check_options(thresholds, tolerance, relevance, resize)
        self.record: Record = {}
        self._images = ScoredImages(self.options.keys)
        self._known: set[str] = set()
        self._pooled = PooledPixels()

    def __len__(self) -> int:
        return len(self._images)

    def __repr__(self) -> str:
        return f"Localization({self.options}): {len(self):,} images"

    @property
    def names(self) -> list[str]:
        """The names of the images in the order in which they were added; empty where none was given."""
        return list(self._images.names)

    @property
    def keys(self) -> list[str]:
        """The names of the scores that every image has."""
        return self.options.keys

    def update(self, map: MapLike, mask: MaskLike, target: int, name: str | None = None) -> None:
        """Score one image.

        Args:
            map: H x W real numbers of any type, higher where the target is thought to be: an array or torch tensor.
            mask: class ids, 0 for `other` and 1000 for ignored pixels, in any form that a mask may have: H x W
                integer array, torch tensor, PIL image, path or bytes of a PNG (16-bit grey or official RGB).
            target: the class id whose pixels the map should find. Where the mask does not hold it, the image is
                counted as absent and enters no figure.
            name: the image's name: for errors, `per_image`, `compare`, and to notice an image that is added twice.

        Raises:
            ValueError: no map of finite real numbers, no mask, sizes that differ, a target that is no id, a name that
                was added already. Nothing is added then.
        """
        self.update_batch([map], [mask], [target], None if name is None else [name])

    def update_batch(
        self,
        maps: Iterable[MapLike],
        masks: Iterable[MaskLike],
        targets: Iterable[int],
        names: Iterable[str] | None = None,
    ) -> None:
        """Score a batch of images; if one of them is refused, none of the batch is added.

        Args:
            maps: a list of maps, or an N x H x W array or tensor.
            masks: as many masks.
            targets: as many class ids.
            names: as many names.

        Raises:
            ValueError: as in `update`, or numbers that differ.
        """
        maps, masks, targets = list(maps), list(masks), list(targets)
        given = [""] * len(maps) if names is None else [str(name) for name in names]
        if not len(maps) == len(masks) == len(targets) == len(given):
            raise ValueError(
                f"{len(maps)} maps, {len(masks)} masks, {len(targets)} targets"
                + (f", {len(given)} names" if names is not None else "")
                + ": expected as many of each."
            )
        new: set[str] = set()
        scored = []
        for i, (values, mask, target, name) in enumerate(zip(maps, masks, targets, given)):
            shown = name or path_name(mask) or f"image {len(self) + i}"
            if name and (name in self._known or name in new):
                raise ValueError(f"{name} was scored already; each image counts once.")
            new.add(name)
            label = check_target(target, shown)
            array, ids = fit(read_map(values, shown), mask, self.options.resize, shown)
            scored.append((name, label, score_image(array, ids, label, self.options)))
        for name, label, image in scored:
            self._images.add(name, label, image)
            if not image.absent:
                self._pooled.add(image)
        self._known |= new - {""}

    def merge(self, other: Localization) -> Localization:
        """Add the images of another `Localization`, as of another process or another part of the data set.

        Returns:
            This one.

        Raises:
            ValueError: other options, or images that both have scored. Nothing is added then.
        """
        if differing := differing_options(self.options, other.options):
            name, first, second = differing[0]
            raise ValueError(
                f"cannot merge scores with {name}={second!r} into those with {name}={first!r}: the options must be "
                "the same."
            )
        twice = sorted(self._known & other._known)
        if twice or (other is self and len(self)):
            which = twice[0] if twice else "every image"
            raise ValueError(
                f"{which} was scored on both sides ({max(1, len(twice)):,} in all); each image counts once."
            )
        self.record = merged_record(self, other)
        self._images.extend(other._images)
        self._known |= other._known
        self._pooled.merge(other._pooled)
        return self

    def compute(self, average: str = "image") -> dict[str, Any]:
        """Every figure.

        Args:
            average: `"image"` for plain means over images, `"category"` for the mean over targets of the means over
                their images. NaN is left out.

        Returns:
            The mean of each score of `keys`; pooled over all pixels, whatever `average` says: `pixel_accuracy` and
            `mean_iou` at the threshold `mean`, `px_ap`, `dataset_max_iou` and `dataset_max_iou_threshold`;
            the mean `object_share`, which is what chance gets in the pointing game and in average precision; the number
            of images used (`num_images`), and of those without the target (`num_absent`), with a constant map
            (`num_constant`), wholly covered by the target (`num_full`). NaN where no image has a figure. Where more
            than half of the images say nothing, a warning is logged.
        """
        _, constant, full = np.array(self._images.states, bool).reshape(-1, 3).sum(axis=0).tolist()
        averages = self._images.means_of(self._images.used(), average)
        used, share = averages.pop("num_images"), averages.pop("object_share")
        result = {
            **averages,
            **self._pooled.compute(),
            "object_share": share,
            "num_images": used,
            "num_absent": len(self) - used,
            "num_constant": constant,
            "num_full": full,
        }
        for sentence in doubts(result, self.record):
            logger.warning(sentence)
        return result

    def bootstrap(
        self, average: str = "image", samples: int = 1000, seed: int = 0, level: float = 0.95
    ) -> dict[str, tuple[float, float]]:
        """Percentile intervals of the means of all `keys`, from resamples of the images; pooled figures have none.

        The same images give the same intervals, whatever order they were added in.

        Raises:
            ValueError: fewer than 2 samples, a level outside 0..1, no such average.
        """
        return self._images.intervals(average, samples, seed, level)

    def per_image(self) -> dict[str, list[Any]]:
        """The scores of each image, as columns in the order in which the images were added.

        Returns:
            `name`, `target`, a column for each of `keys` (all NaN where the target is absent), `constant`, whether the
            map is, and `object_share`, the target's share of the pixels that count (NaN where it is not known).
        """
        return {**self._computed_columns(), **self._own_columns()}

    def _computed_columns(self) -> dict[str, list[Any]]:
        images = self._images
        values = images.values()
        return {
            "name": [name or f"image {i}" for i, name in enumerate(images.names)],
            "target": list(images.targets),
            **{key: values[:, i].tolist() for i, key in enumerate(self.keys)},
            "constant": [constant for _, constant, _ in images.states],
            "object_share": images.object_shares(),
        }

    def by_size(self, average: str = "image") -> dict[str, dict[str, Any]]:
        """The means of `keys` over the images of each size of object: small objects are hard to hit by chance.

        Args:
            average: as in `compute`.

        Returns:
            For `"s"`, `"ms"`, `"ml"` and `"l"` (the target covers up to 5, 25, 50 and 100 percent of the pixels that
            count, rounded up, as in `MatchedIoU`) the mean of each of `keys`, `object_share`, and `num_images`. Images
            of scores that an earlier version saved have no size.
        """
        return self._images.by_size(average)

    def by_category(self) -> dict[int, dict[str, Any]]:
        """The means of `keys`, `object_share` and `num_images` of each target that an image shows, by class id."""
        return self._images.by_category()

    def iou_curve(self) -> tuple[list[float], list[float]]:
        """The 1001 thresholds of the scaled map, and the mean IoU over images at each of them."""
        return EDGES.tolist(), self._pooled.curve().tolist()

    def digest(self) -> str:
        """The sha256 of the scores as hexadecimal digits: the same for the same images, in whatever order scored."""
        return digest_of(self.options, self._images, self._pooled)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the scores to one compressed file (.npz), atomically; `load` reads it."""
        save_scores(local_path(path), self.options, self._images, self._pooled, self.record)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Localization:
        """The scores that `save` wrote.

        Raises:
            ValueError: the file holds no scores, or is damaged.
            FileNotFoundError: there is no file.
        """
        return cls._from_file(local_path(path))

    def to_bytes(self) -> bytes:
        """What `save` writes, to send to another process."""
        buffer = io.BytesIO()
        write_scores(buffer, self.options, self._images, self._pooled, self.record)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Localization:
        """The scores that `to_bytes` returned."""
        return cls._from_file(io.BytesIO(data))

    @classmethod
    def _from_file(cls, file: str | os.PathLike[str] | io.BytesIO) -> Localization:
        options, images, pooled, record = load_scores(file)
        metric = cls(options.thresholds, options.tolerance, options.relevance, options.resize)
        metric._images, metric._known = images, images.known_names
        metric._pooled, metric.record = pooled, record
        return metric
