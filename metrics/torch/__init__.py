"""Scoring on the device, in the training loop: logits to ids, and the metric as a `torchmetrics.Metric`.

Needs torch (`logits_to_ids`) and torchmetrics (`MatchedIoU`). upsampled_rows <- logits; band <- counts <- matched_iou.
"""

from typing import TYPE_CHECKING, Any

from .logits import logits_to_ids

if TYPE_CHECKING:
    from .tensor_metric import MatchedIoU

__all__ = ["MatchedIoU", "logits_to_ids"]


def __getattr__(name: str) -> Any:
    # torchmetrics is imported by those who use the metric.
    if name == "MatchedIoU":
        from .tensor_metric import MatchedIoU

        return MatchedIoU
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
