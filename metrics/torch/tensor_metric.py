"""`MatchedIoU` as a `torchmetrics.Metric`: counts on the device and across processes, scores computed in NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torchmetrics import Metric

from ..matched_miou.count_table import nameless
from ..matched_miou.id_ranges import IGNORE_INDEX, check_num_classes
from ..matched_miou.matching import Matching, check_matching
from ..matched_miou.metric import MatchedIoU as NumpyMatchedIoU
from ..matched_miou.scores import HEADLINES
from .tensor_counts import count_batch

Tensor = Any


class MatchedIoU(Metric):
    """Every figure of ImageNet-S in a training loop.

    The states are count rows, integers: a few kilobytes for each image, about 20 where an untrained network predicts
    noise. `sync` and `compute` gather them from all processes of `torch.distributed`. The figures are those of
    `imagenet_s.metrics.MatchedIoU` on the same masks.

    Args:
        num_classes: C; targets hold 0 (`other`), 1..C and `ignore_index`. 50, 300 or 919 in ImageNet-S.
        ignore_index: the id of pixels that are not scored, in targets; above C and at most 65535.
        matching: how `compute` matches predicted ids to classes; see `imagenet_s.metrics.MatchedIoU.match`.
        **kwargs: those of `torchmetrics.Metric`. Pass `sync_on_compute=False` where the batches are gathered before
            `update`, as transformers' Trainer does: every process has all images then.

    Raises:
        ValueError: a number of classes below 1, an ignored id that is a class or no id of a 16-bit mask, no such
            matching.

    Examples:
        >>> metric = MatchedIoU(num_classes=2)
        >>> metric.update(preds=torch.tensor([[[0, 1, 1, 0]]]), target=torch.tensor([[[0, 2, 2, 2]]]))
        >>> round(metric.compute()["f_measure"].item(), 4)
        0.8966
        >>> round(metric.figures("pixel")["mean_iou"], 4)
        0.3889
    """

    is_differentiable = False
    higher_is_better = True
    full_state_update = False
    plot_lower_bound = 0.0
    plot_upper_bound = 1.0

    rows: list[Tensor]
    lengths: list[Tensor]

    def __init__(
        self, num_classes: int, ignore_index: int = IGNORE_INDEX, matching: Matching = "none", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.num_classes, self.ignore_index = check_num_classes(num_classes, ignore_index)
        self.matching = check_matching(matching, self.num_classes)
        self.add_state("rows", [], dist_reduce_fx="cat")
        self.add_state("lengths", [], dist_reduce_fx="cat")

    def update(self, preds: Any, target: Any) -> None:
        """Count a batch of images, on the device of the predictions.

        Args:
            preds: B x H x W ids of classes or clusters, or a list of H x W; `logits_to_ids` makes them from logits.
            target: the true ids, in the same form and of the same sizes.

        Raises:
            ValueError: no masks of ids, sizes that differ, ids out of range, predictions that hold the ignored id.
                Nothing of the batch is counted then.
        """
        counted = [count_batch(*pair) for pair in _batches(preds, target)]
        if counted:
            rows, lengths = (torch.cat(parts).to(self.device) for parts in zip(*counted))
            # Raises for what must not be counted.
            _add(NumpyMatchedIoU(self.num_classes, self.ignore_index), rows, lengths)
            self.rows.append(rows)
            self.lengths.append(lengths)

    def compute(self) -> dict[str, Tensor]:
        """The figures that are single numbers, as scalar tensors, for loggers.

        Returns:
            `imagenet_s.metrics.HEADLINES` -> fraction of 1, NaN for a size that no class has; and `num_images`, how
            many were counted in all processes. It tells a process that was left out, and an image that came twice.
        """
        try:
            result = self._local_counts().compute(self.matching)
        except ValueError:
            if self._is_synced:  # torchmetrics would leave it synced and refuse the next update
                self.unsync()
            raise
        # Floating point, all of them: loggers convert an integer, with a warning. float32 holds integers to 16 million.
        return {name: torch.tensor(float(result[name]), device=self.device) for name in (*HEADLINES, "num_images")}

    def figures(self, matching: Matching | None = None) -> dict[str, Any]:
        """Everything that `imagenet_s.metrics.MatchedIoU.compute` gives, under any matching.

        Every process must call it, as with `compute`.

        Args:
            matching: that of the constructor if None.
        """
        return self.to_counts().compute(self.matching if matching is None else matching)

    def anatomy(self, matching: Matching | None = None, localized_at: float = 0.5) -> dict[str, Any]:
        """Where the points are lost, as `imagenet_s.metrics.MatchedIoU.anatomy` gives it.

        Every process must call it, as with `compute`.
        """
        return self.to_counts().anatomy(self.matching if matching is None else matching, localized_at)

    def to_counts(self) -> NumpyMatchedIoU:
        """The counts of all processes as an `imagenet_s.metrics.MatchedIoU`: to save, merge or match afterwards.

        Every process must call it, as with `compute`. Images have no names; they come process by process, in the order
        in which each counted them.
        """
        with self.sync_context(
            dist_sync_fn=self.dist_sync_fn, should_sync=self._to_sync and not self._is_synced, should_unsync=True
        ):
            return self._local_counts()

    def sync(self, *args: Any, **kwargs: Any) -> None:
        """Gather the states of all processes, those without an image included."""
        if not self._is_synced and not self.rows:
            # For an empty list, torchmetrics would send floats of another shape.
            self.rows.append(torch.zeros((0, 6), dtype=torch.int32, device=self.device))
            self.lengths.append(torch.zeros(0, dtype=torch.int64, device=self.device))
        super().sync(*args, **kwargs)

    def _local_counts(self) -> NumpyMatchedIoU:
        metric = NumpyMatchedIoU(self.num_classes, self.ignore_index)
        synced = isinstance(self.rows, torch.Tensor)  # torchmetrics concatenates what it gathers
        for batch in [(self.rows, self.lengths)] if synced else zip(self.rows, self.lengths):
            _add(metric, *batch)
        return metric


def _add(metric: NumpyMatchedIoU, rows: Tensor, lengths: Tensor) -> None:
    """Add the images of concatenated count rows; raises for ids out of range as `MatchedIoU.update` does."""
    sizes = lengths.cpu().numpy()
    if len(sizes):
        for image_rows in np.split(rows.cpu().numpy(), np.cumsum(sizes)[:-1]):
            metric.update_counts(image_rows)


def _batches(preds: Any, target: Any) -> list[tuple[Tensor, Tensor]]:
    """Checked (predictions, targets), B x H x W each: one pair of batches, or a pair for each image of a list."""
    if isinstance(preds, torch.Tensor) and isinstance(target, torch.Tensor):
        pairs = [(preds, target)] if len(preds) or len(target) else []
        dims, form = 3, "B x H x W"
    elif isinstance(preds, Sequence) and isinstance(target, Sequence):
        if len(preds) != len(target):
            raise ValueError(f"{len(preds)} predictions and {len(target)} targets: expected as many of each.")
        pairs = list(zip(preds, target))
        dims, form = 2, "H x W in a list"
    else:
        raise ValueError(
            f"the predictions are a {type(preds).__name__}, the targets a {type(target).__name__}: expected two "
            "tensors B x H x W, or two lists of tensors H x W."
        )
    for number, pair in enumerate(pairs):
        where = f" of {nameless(number)}" if dims == 2 else ""
        for what, mask in zip(("prediction", "target"), pair):
            _check_mask(mask, f"the {what}{where}", dims, form)
        if pair[0].shape != pair[1].shape:
            shapes = " and ".join(" x ".join(map(str, mask.shape)) for mask in pair)
            raise ValueError(
                f"the prediction and the target{where} have the shapes {shapes}: expected the same; pass the target's "
                "height and width to logits_to_ids, or resize the prediction with nearest."
            )
    return [
        (preds, target.to(preds.device)) if dims == 3 else (preds[None], target[None].to(preds.device))
        for preds, target in pairs
    ]


def _check_mask(mask: Any, name: str, dims: int, form: str) -> None:
    if not isinstance(mask, torch.Tensor) or mask.is_floating_point() or mask.is_complex() or mask.dtype == torch.bool:
        kind = mask.dtype if isinstance(mask, torch.Tensor) else type(mask).__name__
        raise ValueError(f"{name} holds {kind}: expected integer ids; make them from logits with logits_to_ids.")
    if mask.ndim != dims or not mask.numel():
        shape = " x ".join(map(str, mask.shape))
        raise ValueError(
            f"{name} has the shape {shape}: expected {form}, one id a pixel; take 1 x H x W apart with squeeze(1), and "
            "make ids from logits with logits_to_ids."
        )
    low, high = mask.long().aminmax()
    if low < 0 or high > 65535:
        raise ValueError(
            f"{name} holds ids {low}..{high}: ids are 0..65535, 0 is `other`; a negative id often comes from an ignore "
            "label of -1 or -100: write it as the ignored id, by default 1000."
        )
