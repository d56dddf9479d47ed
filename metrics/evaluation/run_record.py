"""What a results file says of its run: enough to tell which images, which counts and which versions made the figures.

`imagenet-s results --verify` computes the same from the saved counts and compares.
"""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib import metadata
from typing import Any

from ...conversion.core.version import __version__
from ...conversion.facts import image_set_digest, recognise_split
from ...conversion.masks.split_masks import image_of
from ..matched_miou.metric import MatchedIoU

_LIBRARIES = ("numpy", "scipy", "pillow")
"""And munkres where it matched: which of the matches of one sum it returns depends on its version."""


def run_record(
    metric: MatchedIoU, matching: str, missing: Sequence[str] | None = None, on_missing: str | None = None
) -> dict[str, Any]:
    """The record of a run.

    Args:
        metric: the counts.
        matching: the name of the matching, or the path of a match.json.
        missing: references without a prediction; None where that is not known, as of saved counts.
        on_missing: what was done with them; None likewise.

    Returns:
        `versions`, `config`, `split` (None unless the images are exactly those of an official list), `num_images`,
        `images_sha256` (of the sorted image ids), `counts_sha256`, `matching`, `missing_predictions`, `on_missing`.
    """
    digest = image_set_digest(map(image_of, metric.names))
    known = recognise_split(digest)
    libraries = (*_LIBRARIES, "munkres") if matching == "munkres" else _LIBRARIES
    return {
        "versions": {
            "imagenet-s": __version__,
            "python": platform.python_version(),
            **{name: metadata.version(name) for name in libraries},
        },
        "config": str(metric.num_classes),
        "split": known[1] if known and known[0] == str(metric.num_classes) else None,
        "num_images": len(metric),
        "images_sha256": digest,
        "counts_sha256": metric.digest(),
        "matching": matching,
        "missing_predictions": None if missing is None else len(missing),
        "on_missing": on_missing,
    }
