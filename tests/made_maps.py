"""Maps and masks that are made the same everywhere: ties, constants, negative values, ignored pixels, two classes."""

import numpy as np


def made(number, seed=0):
    """(map, mask, target, name) of some images; every fifth map is constant, every seventh lacks its target."""
    images = []
    for i in range(number):
        generator = np.random.default_rng([seed, i])
        height, width = generator.integers(6, 20, 2)
        mask = generator.choice([0, 0, 3, 12, 1000], (height, width)).astype(np.uint16)
        target = (3, 12)[i % 2]
        mask[0, :2] = target, 0
        if i % 7 == 6:
            mask[mask == target] = 0
        values = generator.standard_normal((height, width)) + (mask == target)
        if i % 3 == 1:
            values = np.round(values * 2) / 8  # ties
        if i % 5 == 4:
            values = np.full_like(values, 0.3)
        images.append((values, mask, target, f"image_{i:03}"))
    return images


def bits(result):
    """Figures so that equal means equal to the last bit, NaN included."""
    return {key: value.hex() if isinstance(value, float) else value for key, value in result.items()}
