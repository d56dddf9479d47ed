"""`MatchedIoU`: adds the counts of images one by one, and computes all figures from them."""

from __future__ import annotations

import os
from typing import Any, BinaryIO

import numpy as np

from .anatomy import GROUPS, anatomy, image_groups
from .bootstrap import bootstrap
from .cluster_scores import cluster_scores
from .confusion import Confusion, confusions
from .count_table import CountTable, CountTables, display_name, nameless, table_of
from .counts import CountRows, count_pair
from .counts_file import counts_digest, load_counts, save_counts
from .id_ranges import IGNORE_INDEX, check_ids, check_num_classes
from .matching import Match, Matching, Solution, apply_match, check_matching, find_solution, predicted_ids
from .own_figures import WithOwnFigures
from .read_mask import MaskLike, path_name
from .saved_record import Record, merged_record
from .scores import classes_by_image, compute_scores, f_measures, image_hits, image_ious, mean_iou


class MatchedIoU(WithOwnFigures):
    """The official figures of ImageNet-S, for any number of classes, from one pass over the masks.

    A mask is reduced to its counts when it is added, and not stored. Counts are integers that can be added, so the
    figures do not depend on batches, order or merged parts. Any matching can be computed from the same counts.

    Args:
        num_classes: C; references hold 0 (`other`), 1..C and `ignore_index`. 50, 300 or 919 in ImageNet-S.
        ignore_index: the id of reference pixels that are not scored, above C and at most 65535.

    Attributes:
        record: what `save` keeps beside the counts: `name` of the run, `config`, `options`, `missing`, as
            `imagenet-s evaluate` fills them in; of one's own runs, `metric.record["name"] = "PASS"` names it for
            `imagenet-s compare`. `versions` are added when it is saved.

    Raises:
        ValueError: a number of classes below 1, or an ignored id that is a class or no id of a 16-bit mask.

    Examples:
        >>> metric = MatchedIoU(num_classes=2)
        >>> metric.update(prediction=[[0, 7, 7, 0]], reference=[[0, 2, 2, 2]])
        >>> result = metric.compute("pixel")
        >>> result["matching"][7], round(result["mean_iou"], 4)
        (2, 0.3889)
    """

    def __init__(self, num_classes: int, ignore_index: int = IGNORE_INDEX) -> None:
        self.num_classes, self.ignore_index = check_num_classes(num_classes, ignore_index)
        self.record: Record = {}
        self._names: list[str] = []
        self._rows: list[CountRows] = []
        self._counted_names: set[str] = set()
        self._table: CountTable | None = None

    def __len__(self) -> int:
        return len(self._names)

    def __repr__(self) -> str:
        return f"MatchedIoU(num_classes={self.num_classes}, ignore_index={self.ignore_index}): {len(self):,} images"

    @property
    def names(self) -> list[str]:
        """The names of the images in the order in which they were counted; empty where none was given."""
        return list(self._names)

    def update(self, prediction: MaskLike, reference: MaskLike, name: str | None = None) -> None:
        """Count one image.

        Args:
            prediction: H x W ids of classes or clusters, 0 for `other`: an integer array, torch tensor or PIL image
                (`I;16`, `I`, `L`, official RGB), or the path or bytes of a PNG. Clusters may have any id up to 65535
                but the ignored one.
            reference: the true ids, in any of these forms, of the same height and width.
            name: the image's name, for errors and `per_image`, and to notice an image that is counted twice.

        Raises:
            ValueError: no mask, sizes that differ, ids out of range, a prediction that holds the ignored id, a name
                that was counted already. Nothing is counted then.
        """
        name = None if name is None else str(name)
        shown = name or path_name(reference) or path_name(prediction) or nameless(len(self))
        self.update_counts(count_pair(prediction, reference, shown), name, shown)

    def update_counts(self, rows: CountRows, name: str | None = None, shown: str | None = None) -> None:
        """Add the counts of one image, as `count_pair` returns them.

        Args:
            rows: K x 6 int32.
            name: as in `update`.
            shown: what to call the image in an error; by default its name.

        Raises:
            ValueError: as in `update`.
        """
        name = None if name is None else str(name)
        shown = shown or name or nameless(len(self))
        if rows.ndim != 2 or rows.shape[1] != 6 or not np.issubdtype(rows.dtype, np.integer):
            raise ValueError(f"the counts of {shown} are {rows.dtype}, shape {rows.shape}: expected K x 6 integers.")
        check_ids(rows, self.num_classes, self.ignore_index, shown)
        if name:
            if name in self._counted_names:
                raise ValueError(f"{name} was counted already; each image counts once.")
            self._counted_names.add(name)
        self._names.append(name or "")
        self._rows.append(rows)
        self._table = None

    def merge(self, other: MatchedIoU) -> MatchedIoU:
        """Add the images of another `MatchedIoU`, for example of another process or another part of the data set.

        Returns:
            This one.

        Raises:
            ValueError: the two count different classes, or both have counted the same name. Nothing is added then.
        """
        if (self.num_classes, self.ignore_index) != (other.num_classes, other.ignore_index):
            raise ValueError(f"cannot merge {other!r} into {self!r}: the classes must be the same.")
        twice = sorted(self._counted_names & other._counted_names)
        if twice or (other is self and len(self)):
            which = twice[0] if twice else "every image"
            raise ValueError(
                f"{which} was counted on both sides ({max(1, len(twice)):,} in all); each image counts once."
            )
        self.record = merged_record(self, other)
        self._names += other._names
        self._rows += other._rows
        self._counted_names |= other._counted_names
        self._table = None
        return self

    def match(self, matching: Matching = "hungarian") -> Match:
        """Match clusters to classes.

        Args:
            matching: `"none"` (ids are classes), `"hungarian"` (one to one, by the number of images that hold both: the
                official default), `"hungarian_pixel"` (the same, but ties go to more common pixels), `"munkres"` (the
                same, ties as the installed munkres package breaks them), `"pixel"` (one to one, by pixels),
                `"majority"` (each cluster to the class it covers most of), a dict, or the path of a match.json. Ties
                go to the smallest ids: the first cluster gets the smallest class that it can have, then the second.

        Returns:
            Cluster -> class, with 0 -> 0. A cluster that is missing has no class.

        Raises:
            ValueError: nothing counted yet, no such matching, or `"none"` and a predicted id is no class.
            ImportError: `"munkres"`, and the package is not installed.
        """
        return self._solve(matching).match

    def compute(self, matching: Matching = "none") -> dict[str, Any]:
        """Every figure, as fractions of 1.

        Args:
            matching: as in `match`.

        Returns:
            `mean_iou`, `boundary_mean_iou`, the same with `_s`, `_ms`, `_ml`, `_l` (by the size of a class in its
            image; NaN for a size that no class has), `image_accuracy`, `f_measure`; `per_category_iou` and
            `per_category_boundary_iou`, lists of C + 1; `matching`, the match as a dict; `matching_open_pairs`, how
            many clusters of the predictions could have another class, because a one-to-one match is not the only one of
            its sum, and `mean_iou_tie_range`, the lowest and highest mIoU of this match and of the equally good ones
            with the fewest and most pixels in common (for `"pixel"`: images in common); `num_images`.

        Raises:
            ValueError: as in `match`.
        """
        tables, solution = self._tables(), self._solve(matching)
        scores = compute_scores(tables, solution.match)
        means = [scores["mean_iou"], *(mean_iou(tables, match) for match in solution.extremes)]
        return {
            **scores,
            "matching": solution.match,
            "matching_open_pairs": solution.open_pairs,
            "mean_iou_tie_range": (min(means), max(means)),
            "num_images": len(self),
        }

    def bootstrap(
        self, matching: Matching = "none", samples: int = 1000, seed: int = 0, level: float = 0.95
    ) -> dict[str, tuple[float, float]]:
        """Confidence intervals of the figures that are single numbers; see `bootstrap.bootstrap`.

        The same images give the same intervals, whatever order they were counted in.
        """
        self._counted()
        order = sorted(range(len(self)), key=lambda i: (self._names[i], self._rows[i].tobytes()))
        sorted_ = table_of(
            self.num_classes, self.ignore_index, [self._names[i] for i in order], [self._rows[i] for i in order]
        )
        match = self.match(matching)
        return bootstrap(sorted_, apply_match(sorted_, match), samples, seed, level)

    def per_image(self, matching: Matching = "none") -> dict[str, list[Any]]:
        """Scores of each image, as columns in the order in which the images were counted.

        Returns:
            `name`, `pixels` (the scored pixels), `pixel_accuracy`, `mean_iou` (over the ids that the image's prediction
            or reference holds), `f_measure`, `image_accuracy` (whether the reference holds the most frequent predicted
            class), `classes` and `predicted_classes` (ids 1..C of the reference and of the matched prediction, most
            pixels first). NaN for an image without a pixel to score.
        """
        return {**self._computed_columns(matching), **self._own_columns()}

    def _computed_columns(self, matching: Matching = "none") -> dict[str, list[Any]]:
        table = self._counted()
        labels = apply_match(table, self.match(matching))
        pixels = table.per_image(table.pixels)
        right = labels == table.gt
        with np.errstate(invalid="ignore"):
            accuracy = table.per_image(table.pixels * right) / pixels
        return {
            "name": [display_name(self._names, i) for i in range(len(self))],
            "pixels": pixels.tolist(),
            "pixel_accuracy": accuracy.tolist(),
            "mean_iou": image_ious(table, labels).tolist(),
            "f_measure": f_measures(table, labels).tolist(),
            "image_accuracy": image_hits(table, labels).tolist(),
            "classes": classes_by_image(table, table.gt),
            "predicted_classes": classes_by_image(table, labels),
        }

    def anatomy(self, matching: Matching = "none", localized_at: float = 0.5) -> dict[str, Any]:
        """Where the points are lost: kinds of wrong pixels, images that miss the object, clusters that are mixed.

        Args:
            matching: as in `match`.
            localized_at: the IoU of foreground from which the object of an image counts as localized.

        Returns:
            `mean_iou`; `pixels` and `wrong_pixels`, how many are scored and wrong;
            `kinds`, for each of eight kinds of wrong pixels (`background_as_object`, `object_as_background`,
            `wrong_class`, `unmatched`, each `_boundary` and `_interior`) `pixels`, `share` of the wrong pixels, and
            `mean_iou_gain`, by how much the mean IoU would be higher if just these were right (gains do not add up);
            `images`, how many of those that show an object are `right`, `wrong_class_right_place`,
            `right_class_wrong_place` and `wrong`;
            `per_category`, for each id 0..C its `iou`, its `wrong_pixels` (union minus intersection), and the shares
            of them that are `missed_as_background`, `missed_as_another_class`, `missed_as_unmatched`,
            `false_on_background` and `false_on_another_class`;
            `clusters`, None for `"none"`: `homogeneity`, `completeness`, `v_measure`, `adjusted_rand_index` and
            `normalized_mutual_information` of clusters and ids before matching, as scikit-learn defines them;
            `classes_without_cluster`, `clusters_without_class`; `classes` and `clusters`, the three largest clusters of
            each class, and the three largest ids of each cluster, with their share of its pixels.

        Raises:
            ValueError: as in `match`, or `localized_at` is outside 0..1.
        """
        if not 0 < localized_at <= 1:
            raise ValueError(f"localized_at={localized_at!r}: expected an IoU above 0, at most 1.")
        table, match = self._counted(), self.match(matching)
        result = anatomy(table, apply_match(table, match), localized_at)
        result["clusters"] = None if matching == "none" else cluster_scores(table, match)
        return result

    def image_groups(self, matching: Matching = "none", localized_at: float = 0.5) -> list[str]:
        """For each image its group in the `images` of `anatomy`; an empty string where the reference has no object."""
        table = self._counted()
        groups = image_groups(table, apply_match(table, self.match(matching)), localized_at)
        return [GROUPS[group] if group >= 0 else "" for group in groups.tolist()]

    def predicted_ids(self) -> list[int]:
        """The ids that the predictions hold in scored pixels, before any matching."""
        return predicted_ids(self._tables()).tolist()

    def confusions(self, matching: Matching = "none", limit: int = 50) -> list[Confusion]:
        """The pairs of classes that are most often taken for each other, most pixels first."""
        table = self._counted()
        return confusions(table, apply_match(table, self.match(matching)), limit)

    def digest(self) -> str:
        """The sha256 of the counts as hexadecimal digits: the same for the same images, in whatever order counted."""
        return counts_digest(self.num_classes, self.ignore_index, self._names, self._rows)

    def save(self, path: str | os.PathLike[str] | BinaryIO) -> None:
        """Write the counts to one compressed file (.npz), which `load` reads.

        Args:
            path: where the file appears when it is complete, or a file that is open for writing.
        """
        save_counts(path, self.num_classes, self.ignore_index, self._names, self._rows, self.record)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> MatchedIoU:
        """The counts that `save` wrote.

        Raises:
            ValueError: the file holds no counts, or is damaged.
            FileNotFoundError: there is no file.
        """
        num_classes, ignore_index, names, rows, record = load_counts(path)
        metric = cls(num_classes, ignore_index)
        metric.record = record
        for name, image_rows in zip(names, rows):
            metric.update_counts(image_rows, name)
        return metric

    def _solve(self, matching: Matching) -> Solution:
        return find_solution(self._tables(), check_matching(matching, self.num_classes))

    def _tables(self) -> CountTables:
        if not self._rows:
            raise ValueError("nothing was counted: give at least one pair of prediction and reference first.")
        return CountTables(self.num_classes, self.ignore_index, self._names, self._rows)

    def _counted(self) -> CountTable:
        """All of it in one table, for what is no sum over images."""
        tables = self._tables()
        if self._table is None:
            self._table = table_of(tables.num_classes, tables.ignore_index, tables.names, tables.rows)
        return self._table
