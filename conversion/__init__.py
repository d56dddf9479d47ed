"""From a copy of ImageNet and the official annotations to a data set: read, loaded, converted, exported, uploaded.

To follow a `load_dataset` from the call to the pixels, read the rooms in this order:

- `facts`: the official numbers: classes, splits, files and their checksums.
- `imagenet`: a copy of ImageNet in any layout, detected and read; `images`: size and orientation of a stored image.
- `annotations`: the official lists and archives, found or downloaded; `masks`: readers of masks, the codec of ids.
- `dataset`: the two together: the rows of a split, and the builder that `datasets` calls.
- `shards`: `convert` writes the rows as a data set repository; `converted` reads it again; `hub` uploads it.
- `official_tree`, `export`, `submission`: the official tree, formats of other tools, predictions to be submitted.
- `loader_check`, `acceptance`: checks of a user's own loader, and of this package on the official archives.
- `transforms`: torchvision's transforms for rows; `synthetic`: the small ImageNet of the demo and the tests.
- `core`: errors, files, locks, caches and workers, for all of these.
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
