"""Colours of classes that are seen together can be told apart with full colour vision, and without red or green."""

import itertools

import numpy as np
import pytest

from imagenet_s.conversion.synthetic import IMAGES, images_of, mask_ids
from imagenet_s.report.class_colors import class_color
from imagenet_s.report.overlays import RIGHT, WRONG

# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
VISION = {
    "full": np.eye(3),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
}
# Of linear RGB to OKLab (Ottosson, 2020). 0.02 is about the least difference that is seen at all.
TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
LEAST = {"full": 0.07, "deuteranopia": 0.04, "protanopia": 0.04}


def seen(colours: list[tuple[int, int, int]], vision: str) -> np.ndarray:
    """N x 3 OKLab values of sRGB colours, as seen with a vision."""
    srgb = np.array(colours) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return np.cbrt(np.clip(linear @ VISION[vision].T, 0, 1) @ TO_CONES.T) @ TO_LAB.T


def distances(pairs: list[tuple[int, int]], vision: str) -> np.ndarray:
    lab = seen([class_color(i) for i in range(920)], vision)
    first, second = np.array(pairs).T
    return np.linalg.norm(lab[first] - lab[second], axis=1)


@pytest.mark.parametrize("vision", VISION)
def test_neighbouring_classes(vision: str) -> None:
    """Classes with similar ids are similar things, which are looked at together."""
    pairs = [(number, number + step) for step in range(1, 7) for number in range(1, 920 - step)]
    closest = distances(pairs, vision)
    assert closest.min() > LEAST[vision], pairs[int(closest.argmin())]


@pytest.mark.parametrize("config", ["50", "300", "919"])
@pytest.mark.parametrize("vision", VISION)
def test_classes_of_one_image(config: str, vision: str) -> None:
    together: set[tuple[int, int]] = set()
    for image in (*images_of(config, "validation"), *images_of(config, "train_semi")):
        ids = np.unique(mask_ids(IMAGES[image.image_id], config)).tolist()
        together |= set(itertools.combinations([i for i in ids if 0 < i < 1000], 2))
    assert together
    pairs = sorted(together)
    closest = distances(pairs, vision)
    assert closest.min() > LEAST[vision], pairs[int(closest.argmin())]


@pytest.mark.parametrize("vision", VISION)
def test_right_and_wrong(vision: str) -> None:
    right, wrong, ground = seen([RIGHT, WRONG, (185, 190, 198)], vision)
    assert abs(right[0] - wrong[0]) > 0.12, "by lightness alone"
    for one, other in itertools.combinations((right, wrong, ground), 2):
        assert np.linalg.norm(one - other) > 0.1
