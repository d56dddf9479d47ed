"""The ids that a metric of C classes counts, and what it says to others."""

from __future__ import annotations

import operator

import numpy as np

from .counts import GT, PRED, CountRows

IGNORE_INDEX = 1000
"""The id of pixels that are not scored, in the official masks."""


def check_num_classes(num_classes: int, ignore_index: int) -> tuple[int, int]:
    """Both arguments as plain integers.

    Raises:
        ValueError: no integers, a number of classes outside 1..65534, or the ignored id is a class or outside
            0..65535.
    """
    try:
        classes, ignored = operator.index(num_classes), operator.index(ignore_index)
    except TypeError:
        raise ValueError(
            f"num_classes={num_classes!r}, ignore_index={ignore_index!r}: expected whole numbers, as 919 and 1000."
        ) from None
    if not 1 <= classes < 65535:
        raise ValueError(
            f"num_classes={classes}: expected 1..65534, `other` not counted: 50, 300 or 919 in ImageNet-S."
        )
    if 0 <= ignored <= classes:
        raise ValueError(f"ignore_index={ignored} is a class id (0..{classes}); ImageNet-S ignores {IGNORE_INDEX}.")
    if not 0 <= ignored <= 65535:
        raise ValueError(
            f"ignore_index={ignored}: ids are 0..65535, as in a 16-bit mask. Write {IGNORE_INDEX} where the references "
            f"have {ignored} (reference[reference == {ignored}] = {IGNORE_INDEX}) and leave ignore_index at "
            f"{IGNORE_INDEX}."
        )
    return classes, ignored


def check_ids(rows: CountRows, num_classes: int, ignore_index: int, name: str) -> None:
    """Raise a ValueError if counts hold an id that is no class, or a prediction of the ignored id."""
    wrong = np.unique(rows[(rows[:, GT] > num_classes) & (rows[:, GT] != ignore_index), GT])
    if len(wrong):
        shown = ", ".join(map(str, wrong[:5])) + (f" and {len(wrong) - 5} more" if len(wrong) > 5 else "")
        fits = [c for c in (50, 300, 919) if c > num_classes and wrong[-1] <= c]
        guess = (
            f"was it made for {fits[0]} classes?" if fits else "are R and G swapped, or is it a picture and no mask?"
        )
        raise ValueError(
            f"id {shown} in the reference of {name}: {num_classes} classes have 0..{num_classes}, and {ignore_index} "
            f"is ignored; {guess}"
        )
    if (rows[:, PRED] == ignore_index).any():
        raise ValueError(
            f"the prediction of {name} holds {ignore_index}, which only references have. Predict a class or 0 "
            "for every pixel, and give no cluster this id."
        )
