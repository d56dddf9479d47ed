"""The metrics of ImageNet-S.

`matched_miou` counts and scores (and is an `evaluate` module folder), `evaluation` reads trees of masks in several
processes, `localization` scores maps, `map_evaluation` reads them, `comparison` compares two runs,
`report` writes pages, `distance_matching` labels pixels by their nearest segments,
`region_accuracy` counts the top-1 and top-5 hits of region classifiers, `torch` counts on the device of the masks and
is imported by name only.
"""

from .comparison import compare
from .matched_miou.boundary import boundary_band
from .matched_miou.confusion import Confusion
from .matched_miou.counts import count_pair
from .matched_miou.matching import MATCHINGS, load_match, save_match
from .matched_miou.metric import IGNORE_INDEX, MatchedIoU
from .matched_miou.scores import HEADLINES
from .region_accuracy import RegionAccuracy
from .saliency.map_scores import Localization

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
