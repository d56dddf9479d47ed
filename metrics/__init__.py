"""The metrics of ImageNet-S.

`matched_miou` counts and scores (and is an `evaluate` module folder), `evaluation` pairs and counts masks in several
processes (`process_pool`), `localization` scores maps, `map_evaluation` reads them, `comparison` compares two runs,
`report` writes pages, `distance_matching` labels pixels by their nearest segments,
`region_accuracy` counts the top-1 and top-5 hits of region classifiers, `torch` counts on the device of the masks and
is imported by name only.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .comparison import compare
    from .matched_miou.boundary import boundary_band
    from .matched_miou.confusion import Confusion
    from .matched_miou.counts import count_pair
    from .matched_miou.matching import MATCHINGS, load_match, save_match
    from .matched_miou.metric import IGNORE_INDEX, MatchedIoU
    from .matched_miou.scores import HEADLINES
    from .region_accuracy import RegionAccuracy
    from .saliency.map_scores import Localization

_MODULES = {
    "compare": "comparison",
    "boundary_band": "matched_miou.boundary",
    "Confusion": "matched_miou.confusion",
    "count_pair": "matched_miou.counts",
    "MATCHINGS": "matched_miou.matching",
    "load_match": "matched_miou.matching",
    "save_match": "matched_miou.matching",
    "IGNORE_INDEX": "matched_miou.metric",
    "MatchedIoU": "matched_miou.metric",
    "HEADLINES": "matched_miou.scores",
    "RegionAccuracy": "region_accuracy",
    "Localization": "saliency.map_scores",
}
"""Where the names are. They are imported when they are used: who reads a mask must not wait for scipy."""


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_MODULES[name]}", __name__), name)


__all__ = [
    "HEADLINES",
    "IGNORE_INDEX",
    "Confusion",
    "Localization",
    "MATCHINGS",
    "MatchedIoU",
    "RegionAccuracy",
    "boundary_band",
    "compare",
    "count_pair",
    "load_match",
    "save_match",
]
