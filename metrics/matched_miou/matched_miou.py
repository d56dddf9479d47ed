"""Matched mIoU as an `evaluate` module: `evaluate.load("metrics/matched_miou")`.

Between `add_batch` and `compute`, evaluate stores count rows on disk, not masks. `evaluate.load` copies only the
modules that this file names, one plain import a line: hence imports that are not used here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import datasets
import evaluate
import numpy as np

from .anatomy import anatomy
from .assignment import optimise
from .bootstrap import bootstrap
from .boundary import boundary_band
from .cluster_scores import cluster_scores
from .confusion import confusions
from .count_table import nameless
from .counts import count_pair
from .counts_file import load_counts
from .id_ranges import IGNORE_INDEX, check_num_classes
from .matching import Matching, check_matching
from .metric import MatchedIoU
from .one_to_one import ONE_TO_ONE
from .own_figures import WithOwnFigures
from .read_mask import MaskLike, path_name
from .saved_record import versions
from .saving import save_bytes
from .scores import HEADLINES

__all__ = [
    "HEADLINES",
    "ONE_TO_ONE",
    "MatchedIoU",
    "MatchedMiou",
    "WithOwnFigures",
    "anatomy",
    "bootstrap",
    "boundary_band",
    "cluster_scores",
    "confusions",
    "count_pair",
    "load_counts",
    "optimise",
    "save_bytes",
    "versions",
]

_DESCRIPTION = """
The figures of ImageNet-S (Large-scale Unsupervised Semantic Segmentation) for predictions of classes or of clusters:
mean IoU and boundary mean IoU, by class and by the size of objects, image accuracy and F-measure, after clusters are
matched to classes. Every pair of masks is reduced to counts when it is added.
"""

_KWARGS_DESCRIPTION = """
Args:
    predictions: masks of class or cluster ids, 0 for "other": each an H x W integer array, torch tensor or PIL image,
        or the path or bytes of a PNG (16-bit grey, or official RGB with id = R + 256 * G).
    references: masks of true ids, in any of these forms: 0, 1..C, and the ignored id.
    num_classes: C, "other" not counted: 50, 300 or 919 in ImageNet-S.
    matching: "none" (ids are classes), "hungarian" (one to one by images, the official way; ties by ids),
        "hungarian_pixel" (ties by pixels in common), "munkres" (as the installed munkres package matches, ties
        included), "pixel" (one to one by pixels), "majority" (several clusters may share a class), a dict, or the path
        of a match.json.
    ignore_index: the id of reference pixels that are not scored.
Returns:
    mean_iou, boundary_mean_iou, and these with _s, _ms, _ml, _l: fractions of 1, NaN for a size that no class has.
    image_accuracy, f_measure: fractions of 1.
    per_category_iou, per_category_boundary_iou: lists of C + 1, by class id.
    matching: the match that was used, cluster -> class. matching_open_pairs: how many predicted clusters could
        have another class in an equally good match. mean_iou_tie_range: lowest and highest mean_iou of such matches.
    num_images: how many were scored.
Examples:
    >>> metric = evaluate.load("metrics/matched_miou")
    >>> metric.add(prediction=[[0, 7], [7, 7]], reference=[[0, 2], [2, 2]])
    >>> metric.compute(num_classes=2, matching="hungarian")["matching"][7]
    2
"""

_CITATION = """
@article{gao2022luss,
    title={Large-scale Unsupervised Semantic Segmentation},
    author={Gao, Shanghua and Li, Zhong-Yu and Yang, Ming-Hsuan and Cheng, Ming-Ming and Han, Junwei and Torr, Philip},
    journal={IEEE Transactions on Pattern Analysis and Machine Intelligence},
    year={2022}
}
"""

_COLUMNS = 6


class MatchedMiou(evaluate.Metric):
    """`MatchedIoU` as an `evaluate.Metric`; its figures are identical."""

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_KWARGS_DESCRIPTION,
            # For each image, its concatenated count rows and its name are stored. evaluate.combine passes on only
            # columns that are called predictions and references.
            features=datasets.Features(
                {
                    "predictions": datasets.Sequence(datasets.Value("int32")),
                    "references": datasets.Value("string"),
                }
            ),
            reference_urls=["https://arxiv.org/abs/2106.03149", "https://github.com/LUSSeg/ImageNet-S"],
        )

    def add(self, *, prediction: MaskLike = None, reference: MaskLike = None, name: str | None = None) -> None:
        """Count one image, as `add_batch` does."""
        if prediction is None or reference is None:
            raise ValueError("add takes prediction=MASK and reference=MASK, both.")
        self.add_batch(predictions=[prediction], references=[reference], names=None if name is None else [name])

    def add_batch(
        self,
        *,
        predictions: Iterable[MaskLike] | None = None,
        references: Iterable[MaskLike] | None = None,
        names: Iterable[str] | None = None,
    ) -> None:
        """Count a batch of images; the masks are not stored. If one of them is refused, none of the batch is counted.

        Args:
            predictions: a list of masks, or an N x H x W array.
            references: as many, each of the same height and width as its prediction.
            names: the images' names, for errors and to notice an image that is added twice.
        """
        if predictions is None or references is None:
            raise ValueError("add_batch takes predictions=[MASK, ...] and references=[MASK, ...], both.")
        preds, refs = _masks(predictions, "predictions"), _masks(references, "references")
        given = [""] * len(refs) if names is None else [str(name) for name in names]
        if not len(preds) == len(refs) == len(given):
            raise ValueError(
                f"{len(preds)} predictions, {len(refs)} references"
                + (f" and {len(given)} names" if names is not None else "")
                + ": expected as many of each."
            )
        rows = [
            count_pair(pred, ref, name or path_name(ref) or nameless(len(self) + i)).ravel().tolist()
            for i, (pred, ref, name) in enumerate(zip(preds, refs, given))
        ]
        super().add_batch(predictions=rows, references=given)

    def compute(
        self,
        *,
        num_classes: int | None = None,
        matching: Matching = "none",
        ignore_index: int = IGNORE_INDEX,
        predictions: Iterable[MaskLike] | None = None,
        references: Iterable[MaskLike] | None = None,
        names: Iterable[str] | None = None,
    ) -> dict[str, Any] | None:
        """All figures of the images added, which are then removed; None in a process other than the first of several.

        If it raises, the images added before are still there, and those given to this call are not.

        Arguments are those of the module's description, and those of `add_batch` for images to add first.
        """
        # Arguments are checked before anything is gathered.
        if num_classes is None:
            raise ValueError("compute needs num_classes: 50, 300 or 919 in ImageNet-S (`other` is not counted).")
        check_num_classes(num_classes, ignore_index)
        checked = check_matching(matching, num_classes)
        before = len(self)
        if predictions is not None or references is not None:
            self.add_batch(predictions=predictions, references=references, names=names)
        given = len(self)
        if self.writer is None:
            if self.num_process == 1:
                raise ValueError("nothing was added: call add or add_batch first, or give predictions and references.")
            super().add_batch(predictions=[], references=[])  # the other processes wait for this one
        self._refused: tuple[Exception, list[Any], list[str]] | None = None
        result = super().compute(num_classes=num_classes, matching=checked, ignore_index=ignore_index)
        if self.data is None:
            self.writer: Any = None  # with keep_in_memory, evaluate leaves a closed writer
        if self._refused is not None:
            error, rows, named = self._refused
            self._refused = None
            # The images of this call are dropped, because the next call brings them again.
            del rows[before:given], named[before:given]
            if rows:
                super().add_batch(predictions=rows, references=named)
            raise error
        return result

    def _compute(
        self,
        *,
        predictions: Sequence[Sequence[int]],
        references: Sequence[str],
        num_classes: int,
        matching: Matching,
        ignore_index: int,
    ) -> dict[str, Any]:
        metric = MatchedIoU(num_classes, ignore_index)
        try:
            for rows, name in zip(predictions, references):
                metric.update_counts(np.asarray(rows, np.int32).reshape(-1, _COLUMNS), name or None)
            return metric.compute(matching)
        except (ValueError, ArithmeticError) as error:
            # Raised later, by `compute`: here it would keep evaluate from releasing its locks and deleting its files.
            self._refused = error, [list(rows) for rows in predictions], list(references)
            return {}


def _masks(masks: Any, what: str) -> Sequence[Any]:
    """A batch as a sequence of masks; a single path and a batch of logits are refused."""
    if isinstance(masks, (str, bytes)):
        raise ValueError(f"{what} is a single {type(masks).__name__}: expected a list of masks; for one image use add.")
    shape = getattr(masks, "shape", None)
    if shape is not None and len(shape) == 4 and shape[-1] != 3:
        raise ValueError(
            f"{what} has the shape {' x '.join(map(str, shape))}, as logits have (N x C x H x W): masks hold one class "
            "id a pixel; argmax over the classes first (with Trainer, in preprocess_logits_for_metrics)."
        )
    return masks if hasattr(masks, "__getitem__") and hasattr(masks, "__len__") else list(masks)
