"""Localization scores as an `evaluate` module: `evaluate.load("metrics/localization")`.

Maps are reduced to scores when they are added; `compute` passes the scores of this process, as one row, through
evaluate, which brings those of several processes together. `evaluate.load` copies this file alone and imports the copy,
so the package is imported by its name.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from typing import Any

import datasets
import evaluate

from imagenet_s.metrics.matched_miou.read_mask import MaskLike
from imagenet_s.metrics.saliency.localization_metric import Localization
from imagenet_s.metrics.saliency.map_array import MapLike
from imagenet_s.metrics.saliency.means_over_images import check_average
from imagenet_s.metrics.saliency.score_options import Threshold

_DESCRIPTION = """
Scores of saliency, attribution and attention maps against segmentation masks: pointing game, energy pointing game
(relevance mass accuracy), relevance rank accuracy, average precision, AUROC, mean score contrast, IoU, pixel accuracy
and coverage at thresholds, the greatest IoU, and figures pooled over all pixels. Ignored pixels, ties and constant maps
have defined results.
"""

_KWARGS_DESCRIPTION = """
Args:
    predictions: maps, each H x W real numbers of any type, higher where the target is thought to be.
    references: masks of class ids, each as large as its map: H x W integer arrays, torch tensors, PIL images, or the
        paths or bytes of PNGs (16-bit grey, or official RGB with id = R + 256 * G). 1000 is ignored.
    targets: the class id that each map should find.
    names: names of the images: for errors, and to notice an image that is added twice.
    average: "image" (means over images) or "category" (over targets, of the means over their images).
    thresholds, tolerance, relevance, resize: given to evaluate.load; see the card.
Returns:
    The mean over images of each score, fractions of 1: pointing_game, energy_pointing_game, relevance_rank_accuracy,
    average_precision, auroc, mean_score_contrast (-1..1), iou_at_T, pixel_accuracy_at_T, ground_truth_coverage_at_T,
    saliency_coverage_at_T for each threshold T, image_max_iou, mean_average_precision.
    pixel_accuracy, mean_iou, px_ap, dataset_max_iou, dataset_max_iou_threshold: pooled over all images.
    num_images, num_absent, num_constant, num_full: how many images were used, lack their target, have a constant map,
    are covered by their target.
Examples:
    >>> metric = evaluate.load("metrics/localization")
    >>> metric.add(prediction=[[0.1, 0.9], [0.3, 0.2]], reference=[[0, 7], [7, 1000]], target=7)
    >>> metric.compute()["iou_at_0.5"]
    0.5
"""

_CITATION = """
@article{gao2022luss,
    title={Large-scale Unsupervised Semantic Segmentation},
    author={Gao, Shanghua and Li, Zhong-Yu and Yang, Ming-Hsuan and Cheng, Ming-Ming and Han, Junwei and Torr, Philip},
    journal={IEEE Transactions on Pattern Analysis and Machine Intelligence},
    year={2022}
}
"""


class LocalizationMetric(evaluate.Metric):
    """`Localization` as an `evaluate.Metric`; its figures are identical.

    Args:
        thresholds, tolerance, relevance, resize: as in `Localization`; `evaluate.load(path, thresholds=...)`.
        settings: of `evaluate.Metric`.
    """

    def __init__(
        self,
        *args: Any,
        thresholds: Sequence[Threshold] = (0.5, "mean"),
        tolerance: float = 0,
        relevance: str = "signed",
        resize: str | None = None,
        **settings: Any,
    ) -> None:
        self._options = thresholds, tolerance, relevance, resize
        self._scores = Localization(*self._options)
        super().__init__(*args, **settings)

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_KWARGS_DESCRIPTION,
            # Stored by each process: its scores, in `predictions`. evaluate.combine passes on what is named here.
            features=datasets.Features(
                {name: datasets.Value("string") for name in ("predictions", "references", "targets")}
            ),
            reference_urls=["https://arxiv.org/abs/2106.03149", "https://github.com/LUSSeg/ImageNet-S"],
        )

    def __len__(self) -> int:
        return len(self._scores)

    def add(
        self,
        *,
        prediction: MapLike = None,
        reference: MaskLike = None,
        target: int | None = None,
        name: str | None = None,
    ) -> None:
        """Score one image, as `add_batch` does."""
        if prediction is None or reference is None or target is None:
            raise ValueError("add takes prediction=MAP, reference=MASK and target=CLASS_ID, all three.")
        self._scores.update(prediction, reference, target, name)

    def add_batch(
        self,
        *,
        predictions: Iterable[MapLike] | None = None,
        references: Iterable[MaskLike] | None = None,
        targets: Iterable[int] | None = None,
        names: Iterable[str] | None = None,
    ) -> None:
        """Score a batch of images; nothing of them is kept. If one of them is refused, none of the batch is added.

        Args:
            predictions: a list of maps, or an N x H x W array or tensor.
            references: as many masks.
            targets: as many class ids.
            names: as many names.
        """
        if predictions is None or references is None or targets is None:
            raise ValueError("add_batch takes predictions=[MAP, ...], references=[MASK, ...] and targets=[ID, ...].")
        self._scores.update_batch(predictions, references, targets, names)

    def compute(
        self,
        *,
        average: str = "image",
        predictions: Iterable[MapLike] | None = None,
        references: Iterable[MaskLike] | None = None,
        targets: Iterable[int] | None = None,
        names: Iterable[str] | None = None,
    ) -> dict[str, Any] | None:
        """All figures of the images added, which are then removed; None in a process other than the first of several.

        If it raises, the images added before are still there, and those given to this call are not.

        Arguments are those of the module's description, and those of `add_batch` for images to add first.
        """
        check_average(average)
        scores = self._scores
        if predictions is not None or references is not None:
            if predictions is None or references is None or targets is None:
                raise ValueError("compute takes predictions, references and targets, all three or none.")
            scores = Localization(*self._options).merge(scores)
            scores.update_batch(predictions, references, targets, names)
        if self.num_process == 1 and not len(scores):
            raise ValueError("nothing was added: call add or add_batch first, or give predictions and references.")
        state = base64.b64encode(scores.to_bytes()).decode()
        super().add_batch(predictions=[state], references=[""], targets=[""])
        self._refused: ValueError | None = None
        result = super().compute(average=average)
        if self.data is None:
            self.writer: Any = None  # with keep_in_memory, evaluate leaves one that is closed
        if self._refused is not None:
            raise self._refused
        self._scores = Localization(*self._options)
        return result

    def _compute(
        self, *, predictions: Sequence[str], references: Sequence[str], targets: Sequence[str], average: str
    ) -> dict[str, Any]:
        scores = Localization(*self._options)
        try:
            for state in predictions:
                scores.merge(Localization.from_bytes(base64.b64decode(state)))
        except ValueError as error:
            # Raised later, by `compute`: here it would keep evaluate from releasing its locks and deleting its files.
            self._refused = error
            return {}
        return scores.compute(average)
