"""The formula of the synthetic images: image id -> a picture and a map of its objects.

Every choice is a number drawn from the SHA-256 of the image's id and the choice's name: no random state, no order of
calls, and any image can be drawn alone. A scene does not depend on a configuration: its map holds, for each pixel, the
number of the object that covers it, and `mask_ids` turns these into the ids of 50, 300 or 919.
"""

from __future__ import annotations

import functools
import hashlib
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..facts import IGNORE_ID, OTHER_ID, categories
from .catalog import CLASS_WNIDS, STORED_SIDEWAYS, MiniImage
from .drawings import DRAWINGS, Field, flat

# Sky, ground, hill: 0xRRGGBB each, calm enough for the objects to stand out.
_LANDSCAPES = (
    (0xBFE3F5, 0x8FC79A, 0x6FAE86),
    (0xFCE1C5, 0xC99AA5, 0x9C7C9C),
    (0x9AD4E0, 0x3F8FA8, 0x2F7892),
    (0xF6EBD4, 0xDBC39A, 0xC4A878),
    (0xD5DCF2, 0x8E9CC9, 0x6F7FB2),
    (0xE3F0D0, 0xA5BF83, 0x86A566),
)
# Share of the shorter side that is the main object's radius: one for each of the benchmark's four sizes of objects.
_RADII = (0.17, 0.34, 0.52, 0.86)
_IGNORED = 255


@dataclass(frozen=True)
class SceneObject:
    """A drawing put into a scene: centre and radius in pixels, angle in radians."""

    wnid: str
    x: float
    y: float
    radius: float
    angle: float
    ignored_band: float
    """Width in pixels of the ignored band around it: the annotators marked unclear edges in this way."""


@dataclass(frozen=True)
class Scene:
    """A picture (H x W x 3 uint8) and its map (H x W uint8: 0 background, k the k-th object, 255 ignored)."""

    pixels: NDArray[np.uint8]
    map: NDArray[np.uint8]
    objects: tuple[SceneObject, ...]


def seeded_number(image_id: str, choice: str, low: float = 0.0, high: float = 1.0) -> float:
    """A number within low..high that depends on its arguments alone.

    Examples:
        >>> x, y = seeded_number("n01443537_64", "x"), seeded_number("n01443537_64", "y")
        >>> x == seeded_number("n01443537_64", "x") != y
        True
    """
    digest = hashlib.sha256(f"{image_id}/{choice}".encode()).digest()
    return low + (high - low) * (int.from_bytes(digest[:6], "big") / 2.0**48)


@functools.lru_cache(maxsize=256)
def render(image: MiniImage) -> Scene:
    """The scene of an image as stored: of an image whose metadata ask to rotate it, picture and map are rotated."""
    width, height = image.size
    sideways = image.kind in STORED_SIDEWAYS
    if sideways:
        width, height = height, width
    y, x = np.mgrid[0:height, 0:width] + 0.5
    canvas = _background(image.image_id, x, y)
    where = np.zeros((height, width), np.uint8)
    objects = _objects(image, width, height)
    for number, scene_object in enumerate(objects, start=1):
        _place(scene_object, number, x, y, canvas, where)
    pixels = np.rint(np.clip(canvas, 0, 1) * 255).astype(np.uint8)
    if sideways:  # a viewer rotates orientation 6 clockwise, so it is stored rotated the other way
        pixels, where = np.rot90(pixels), np.rot90(where)
    pixels, where = np.ascontiguousarray(pixels), np.ascontiguousarray(where)
    pixels.setflags(write=False)  # cached, so shared by all callers
    where.setflags(write=False)
    return Scene(pixels, where, objects)


def mask_ids(image: MiniImage, config: str) -> NDArray[np.uint16]:
    """H x W class ids of an image in one configuration; objects of other classes are `other`."""
    scene = render(image)
    ids = np.full(256, OTHER_ID, np.uint16)
    ids[_IGNORED] = IGNORE_ID
    for number, scene_object in enumerate(scene.objects, start=1):
        ids[number] = categories(config).id_of(scene_object.wnid)
    return ids[scene.map]


def _objects(image: MiniImage, width: int, height: int) -> tuple[SceneObject, ...]:
    """Back to front; the object of the image's class comes last, so nothing covers it."""

    def number(choice: str, low: float = 0.0, high: float = 1.0) -> float:
        return seeded_number(image.image_id, choice, low, high)

    def scene_object(wnid: str, name: str, x: float, y: float, radius: float) -> SceneObject:
        band = max(1.0, 0.02 * short) if number(f"{name} band") < 0.45 else 0.0
        return SceneObject(wnid, x, y, radius, number(f"{name} angle", -0.25, 0.25), band)

    short = min(width, height)
    main = image.imagenet_wnid if image.imagenet_wnid in DRAWINGS else ""
    if image.class_wnid and image.class_wnid != _class_of(main):
        main = image.class_wnid  # the picture holds both, as where ImageNet's label and ImageNet-S' class differ
    objects = []
    centre = number("x", 0.36, 0.64) * width, number("y", 0.42, 0.62) * height
    radius = _RADII[int(number("size", 0, len(_RADII)))] * number("radius", 0.92, 1.1) * short
    others = [wnid for wnid in CLASS_WNIDS if wnid != image.class_wnid]
    second = image.imagenet_wnid if main != image.imagenet_wnid else ""
    if not second and main and number("company") < 0.45:
        second = others[int(number("second", 0, len(others)))]
    side = -1 if centre[0] > width / 2 else 1
    if second:
        at = centre[0] + side * number("second x", 0.28, 0.42) * width, number("second y", 0.3, 0.75) * height
        objects.append(scene_object(second, "second", *at, number("second radius", 0.18, 0.3) * short))
    if main and number("twin") < 0.35:
        at = centre[0] - side * number("twin x", 0.25, 0.4) * width, number("twin y", 0.2, 0.8) * height
        objects.append(scene_object(main, "twin", *at, number("twin radius", 0.14, 0.24) * short))
    if main:
        objects.append(scene_object(main, "main", *centre, radius))
    return tuple(objects)


def _class_of(wnid: str) -> str:
    return categories("919").merged_wnids.get(wnid, wnid)


def _place(placed: SceneObject, number: int, x: Field, y: Field, canvas: Field, where: NDArray[np.uint8]) -> None:
    """Draw one object onto the canvas and the map."""
    cos, sin = math.cos(placed.angle), math.sin(placed.angle)
    u, v = (x - placed.x) / placed.radius, (y - placed.y) / placed.radius
    distance, colour = DRAWINGS[placed.wnid](u * cos + v * sin, v * cos - u * sin)
    shadow = np.pad(distance, ((2, 0), (2, 0)), mode="edge")[: x.shape[0], : x.shape[1]]
    canvas *= 1 - 0.25 * np.clip(0.55 - shadow * 4, 0, 1)[..., None]
    light = 1.04 - 0.1 * (u + v) - 0.16 * np.clip(1 + distance * 6, 0, 1)
    cover = np.clip(0.5 - distance * placed.radius, 0, 1)[..., None]
    canvas += (colour * light[..., None] - canvas) * cover
    where[distance * placed.radius < placed.ignored_band] = _IGNORED if placed.ignored_band else number
    where[distance < 0] = number


def _background(image_id: str, x: Field, y: Field) -> Field:
    """Sky over ground with a line of hills, and a little grain."""
    height, width = x.shape
    sky, ground, hill = _LANDSCAPES[int(seeded_number(image_id, "landscape", 0, len(_LANDSCAPES)))]
    down = y / height
    horizon = seeded_number(image_id, "horizon", 0.5, 0.75)
    phase = seeded_number(image_id, "hills", 0, 2 * math.pi)
    ridge = horizon - 0.1 - 0.07 * np.sin(5 * x / width + phase) - 0.03 * np.sin(11 * x / width + 2 * phase)
    canvas = flat(x, sky) * (0.9 + 0.18 * down[..., None])
    sun = np.hypot(
        x - seeded_number(image_id, "sun x") * width, y - seeded_number(image_id, "sun y", 0.08, 0.3) * height
    )
    canvas += 0.25 * np.exp(-((sun / (0.22 * height)) ** 2))[..., None]
    for edge, colour in ((ridge, hill), (np.full_like(ridge, horizon), ground)):
        cover = np.clip(0.5 + (down - edge) * height, 0, 1)[..., None]
        canvas += (flat(x, colour) * (1.12 - 0.25 * down[..., None]) - canvas) * cover
    # Grain: the low bits of a multiplicative hash of the position, in 64-bit integers that wrap.
    grain = (x.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) ^ (
        y.astype(np.uint64) * np.uint64(0xC2B2AE3D27D4EB4F)
    )
    grain = (grain ^ (grain >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9) >> np.uint64(56)
    canvas += (grain[..., None] / 255.0 - 0.5) * 0.02
    return canvas
