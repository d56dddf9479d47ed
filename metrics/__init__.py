"""The metrics of ImageNet-S. They need no data set: masks, maps or scores go in, figures come out.

- `matched_miou`: mean IoU and the other figures of segmentation, after clusters are matched to classes; start here.
- `evaluation`: counts the files of two folders, zips or data sets of masks, in several processes.
- `saliency`: localization scores of saliency and attribution maps; `localization` is its `evaluate` module.
- `comparison`: scored runs over the same images, with paired intervals, ranks, and what so many images can tell.
- `reliance`: how much of a classifier's answers is the object, by its answers to composites.
- `region_accuracy`: top-1 and top-5 accuracy of region classifiers.
- `class_ranks`: predictions of classifiers, for these two.
- `distance_matching`: labels pixels by their nearest annotated segments; needs torch.
- `torch`: logits to ids, and the metric on a GPU; imported by its own name only, because it needs torch.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .comparison.many_runs import compare_many
    from .comparison.power import Power, power
    from .comparison.two_runs import compare
    from .matched_miou.boundary import boundary_band
    from .matched_miou.confusion import Confusion
    from .matched_miou.counts import count_pair
    from .matched_miou.id_ranges import IGNORE_INDEX
    from .matched_miou.matching import MATCHINGS, load_match, save_match
    from .matched_miou.metric import MatchedIoU
    from .matched_miou.scores import HEADLINES
    from .region_accuracy import RegionAccuracy
    from .reliance.object_reliance import ObjectReliance
    from .saliency.center_map import center_map
    from .saliency.localization_metric import Localization

_MODULES = {
    "compare": "comparison.two_runs",
    "compare_many": "comparison.many_runs",
    "Power": "comparison.power",
    "power": "comparison.power",
    "boundary_band": "matched_miou.boundary",
    "Confusion": "matched_miou.confusion",
    "count_pair": "matched_miou.counts",
    "MATCHINGS": "matched_miou.matching",
    "load_match": "matched_miou.matching",
    "save_match": "matched_miou.matching",
    "IGNORE_INDEX": "matched_miou.id_ranges",
    "MatchedIoU": "matched_miou.metric",
    "HEADLINES": "matched_miou.scores",
    "RegionAccuracy": "region_accuracy",
    "ObjectReliance": "reliance.object_reliance",
    "Localization": "saliency.localization_metric",
    "center_map": "saliency.center_map",
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
    "ObjectReliance",
    "Power",
    "RegionAccuracy",
    "boundary_band",
    "center_map",
    "compare",
    "compare_many",
    "count_pair",
    "load_match",
    "power",
    "save_match",
]
