"""The colour of a class: always the same, and told apart with any colour vision. Imports `facts`."""

from __future__ import annotations

import functools
import math

from imagenet_s.conversion.facts import IGNORE_ID

# Chosen by trying all steps: the colours of ids up to six apart, and of the miniature's classes, differ clearly.
_HUE_STEP, _FIRST_HUE = 0.21041, 0.5
_LIGHTNESS = (0.52, 0.68, 0.84)
_CHROMA = 0.17
_NO_CLASS = (84, 84, 84)


@functools.cache
def class_color(class_id: int) -> tuple[int, int, int]:
    """The RGB colour of a class id, always the same; grey for ids above the ignored one, which are no class.

    Hue advances by a fixed angle and lightness in threes, so that the colours of neighbouring ids differ clearly; in
    OKLCH, where equal steps look equal.

    Examples:
        >>> class_color(1), class_color(2)
        ((72, 152, 254), (255, 158, 252))
    """
    if class_id > IGNORE_ID:
        return _NO_CLASS
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
    red, green, blue = (round(255 * _gamma(min(max(one, 0.0), 1.0))) for one in linear)
    return red, green, blue


def _gamma(linear: float) -> float:
    return 12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055
