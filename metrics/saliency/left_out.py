"""Sentences of warning where figures stand for fewer of the images than a reader would think."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def doubts(result: Mapping[str, Any], record: Mapping[str, Any]) -> list[str]:
    """What is to be said before the figures: more than half of the images are in none, or have figures of chance.

    Args:
        result: what `Localization.compute` returned.
        record: of the run: it names the images that were left out before they were scored.
    """
    used, absent, constant = (result[key] for key in ("num_images", "num_absent", "num_constant"))
    reasons = {
        "their mask does not show the target": absent,
        "without a map": len(record.get("missing", ())),
        "their ImageNet label is no class": len(record.get("no_class", ())),
    }
    sentences = []
    if (left_out := sum(reasons.values())) > used:
        shown = ", ".join(f"{why}: {number:,}" for why, number in reasons.items() if number)
        hint = (
            " Are the targets (`target=`, the class folders of a list) class ids of this configuration? ImageNet's "
            "labels 0..999 are other numbers; categories(config).from_imagenet(label) translates them."
        )
        sentences.append(
            f"Most images are in no figure, {left_out:,} of {used + left_out:,} ({shown})."
            + (hint if absent > used else "")
        )
    if 2 * constant > used + absent:
        sentences.append(
            f"Most maps are constant, {constant:,} of {used + absent:,}: their figures are those of chance."
        )
    return sentences
