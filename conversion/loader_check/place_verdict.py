"""Pairing and geometry of all items in words: whose masks they have, and whether image and mask show the same part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from .fault_catalog import Verdict
from .geometry import MIRRORED
from .per_item import Observation

_SURE = 0.97
"""An image that fits this well is the one of its id, and not warped."""


def judge_places(items: Sequence[Observation], verdict: Verdict) -> list[Observation]:
    """Find faults of pairing and geometry. An item whose mask is not its own gets no other fault.

    Args:
        items: all that were laid over a mask.
        verdict: gets faults, what is unusual and right, and what fits nowhere.

    Returns:
        The items whose ids can be compared.
    """
    aligned, astray = [], []
    kept = Counter(item.shape_kept for item in items if item.aligned)
    # Where most masks fit nowhere, the others may do so by chance.
    most_astray = kept.total() < sum(item.constant is None for item in items) / 2
    for item in items:
        # Where all others keep the size of the official mask, another size is that of another image.
        strange = not item.shape_kept and kept[True] > kept[False]
        misfit = item.misfit and not item.aligned and item.image_id_is_known
        if item.other or (misfit and (strange or item.image_score >= _SURE)):
            whose = f"that of {item.other}" if item.other else "not its own"
            verdict.add("pairing", [(item.image_id, f"its mask is {whose}")])
        elif not item.aligned or most_astray:
            astray += [item] if item.constant is None else []
        elif item.fault[0] == "pairing":
            verdict.add("pairing", [(item.image_id, item.fault[1])])
        else:
            aligned.append(item)
    if items and not aligned and all(item.constant == 0 for item in items):
        verdict.add("zero", [(item.image_id, "0 everywhere") for item in items])
    if astray:
        text = "masks can't be laid over the official ones: they are cut, warped or changed in parts in a way that is "
        text += f"not known, or belong to other images, as that of {astray[0].image_id}"
        verdict.leave_out(len(astray), text)
    for turned, count in Counter(item.turned for item in aligned if item.turned).items():
        if turned != MIRRORED and count > len(aligned) / 2:  # a few of many are augmentations, or look alike
            seen = [(item.image_id, f"the mask is {turned}") for item in aligned if item.turned == turned]
            verdict.add("mask-turned", seen)
        else:
            verdict.notes.append(f"{count} masks are {turned}: whether their images are, only --imagenet tells")
    for key in ("image-and-mask-differ", "mask-turned", "orientation"):
        seen = [(item.image_id, item.fault[1]) for item in aligned if item.fault[0] == key]
        verdict.add(key, seen, few=key != "orientation")
    return aligned
