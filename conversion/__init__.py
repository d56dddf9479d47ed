"""ImageNet plus annotations -> examples -> shards, trees, submissions, the Hub.

A folder or module is one idea. From the bottom up, each may import those before it: `errors`, `hub_errors`,
`atomic_write`, `cache`, `overlap`, `workers`; `facts` (the official numbers); `arguments` (how people spell them);
`dataset_index`, `mask_codec`, `image_header`, `exif`, `inspection`, `features`, `shuffling`; `imagenet` (a copy of
ImageNet, detected and read), `annotations` (the official lists and masks); `source` (the two together); `selection`
(which images are wanted), `split_plan` (which images a split has); `subset` (some of them, the same for everyone);
`examples` (finished tables); `shards`, `official_tree`, `export`, `loader_check`, `submission`, `hub`. Beside them
`registration` (the hook into `datasets`), `transforms` (torchvision's, over rows), `visualization`, `synthetic` (the
generator behind demo and tests), `dataset_config`, `split_builder` and `builder`, which nothing else here imports.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .submission.prediction_writer import PredictionWriter


def __getattr__(name: str) -> Any:
    # Imported when used: a class table or a mask must not wait for pyarrow.
    if name == "PredictionWriter":
        from .submission.prediction_writer import PredictionWriter

        return PredictionWriter
    if name == "check_loader":
        from .loader_check import check_loader

        return check_loader
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["PredictionWriter", "check_loader"]
