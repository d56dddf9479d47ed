"""The metrics of ImageNet-S.

Of masks: `matched_miou` counts and scores (an `evaluate` module folder that works alone), `evaluation` reads masks from
disk and counts them with several processes. Of maps: `saliency`; `localization` is its `evaluate` module folder.
`comparison` compares two runs of either. `distance_matching` labels pixels by their nearest segments, and
`region_accuracy` counts the top-1 and top-5 hits of region classifiers. `torch` counts on the device of the masks; it
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
from .saliency.localization_metric import Localization

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
