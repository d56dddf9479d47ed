"""The colour of a class: always the same, and told apart with any colour vision."""

from __future__ import annotations

import functools
import math

from ..conversion.facts import IGNORE_ID

# Chosen by search: the colours of ids up to six apart, and of the miniature's classes, differ clearly, with full colour
# vision and with simulated deuteranopia and protanopia; tests/report/test_class_colors.py measures it.
_HUE_STEP, _FIRST_HUE = 0.01587, 0.5806
_LIGHTNESS = (0.472, 0.63, 0.884, 0.55, 0.783, 0.385, 0.707)
_CHROMA = 0.1322
_GREY = (84, 84, 84)

NO_CLASS = IGNORE_ID + 1
"""The id of clusters that no class was matched to."""


@functools.cache
def class_color(class_id: int) -> tuple[int, int, int]:
    """The RGB colour of a class id, always the same; grey for ids above the ignored one, which are no class.

    Lightness goes through seven steps, so that neighbouring ids differ in it whatever hues a reader can tell apart, and
    hue advances by a fixed angle; in OKLCH, where equal steps look equal. No 919 colours are all different to the eye:
    pictures come with a legend.

    Examples:
        >>> class_color(1), class_color(2)
        ((0, 156, 186), (96, 237, 255))
    """
    if class_id > IGNORE_ID:
        return _GREY
    hue = 2 * math.pi * (_FIRST_HUE + class_id * _HUE_STEP)
    lightness = _LIGHTNESS[class_id % len(_LIGHTNESS)]
    a, b = _CHROMA * math.cos(hue), _CHROMA * math.sin(hue)
    # OKLab to linear sRGB: the matrices of its definition (Ottosson, 2020).
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    )
    red, green, blue = (round(255 * _gamma(min(max(channel, 0.0), 1.0))) for channel in linear)
    return red, green, blue


def _gamma(linear: float) -> float:
    return 12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055
