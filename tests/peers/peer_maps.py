"""Maps without ties and masks without ignored pixels: where all definitions agree."""

import numpy as np


def made(number, size=(24, 18), signed=False):
    generator = np.random.default_rng(number)
    mask = np.zeros(size, int)
    mask[4 : generator.integers(8, 20), 3 : generator.integers(6, 16)] = 7
    values = generator.permutation(mask.size).reshape(size) / mask.size + 0.3 * (mask == 7)
    return values - 0.6 * signed, mask
