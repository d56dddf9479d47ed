"""Scoring on the device, in the training loop: logits to ids, and the metric as a `torchmetrics.Metric`.

Start with `tensor_metric` (`MatchedIoU`, needs torchmetrics) and `logits` (`logits_to_ids`). The metric counts pairs of
ids in `tensor_counts` and their `boundary_band`; large logits are upsampled row by row in `upsampled_rows`.
"""

from typing import TYPE_CHECKING, Any

from .logits import logits_to_ids

if TYPE_CHECKING:
    from .tensor_metric import MatchedIoU

__all__ = ["MatchedIoU", "logits_to_ids"]


def __getattr__(name: str) -> Any:
    # Imported when used: `logits_to_ids` works without torchmetrics.
    if name == "MatchedIoU":
        from .tensor_metric import MatchedIoU

        return MatchedIoU
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
