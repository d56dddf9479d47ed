"""The metrics of ImageNet-S. Imports nothing of this project outside this folder.

`matched_miou` counts and scores (and is an `evaluate` module folder), `evaluation` reads trees of masks in several
processes (`process_pool`), `report` writes a page, `distance_matching` labels pixels by their nearest segments.
"""

from imagenet_s.metrics.comparison import compare
from imagenet_s.metrics.localization.map_scores import Localization
from imagenet_s.metrics.matched_miou.boundary import boundary_band
from imagenet_s.metrics.matched_miou.counts import count_pair
from imagenet_s.metrics.matched_miou.matched_iou import IGNORE_INDEX, MatchedIoU
from imagenet_s.metrics.matched_miou.matching import MATCHINGS, load_match, save_match
from imagenet_s.metrics.matched_miou.scores import HEADLINES

__all__ = [
    "HEADLINES",
    "IGNORE_INDEX",
    "Localization",
    "MATCHINGS",
    "MatchedIoU",
    "boundary_band",
    "compare",
    "count_pair",
    "load_match",
    "save_match",
]
