"""The drawings of the synthetic classes, each a formula over the plane.

A drawing is a function of coordinates (u, v), about -1..1, v downwards. It gives a distance (negative inside, in the
same unit, H x W) and a colour (H x W x 3, 0..1). The mask is where the distance is negative, so picture and mask agree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float64]
Drawing = tuple[Field, Field]


def disc(u: Field, v: Field, x: float, y: float, radius: float) -> Field:
    """Distance to a disc around (x, y)."""
    return np.hypot(u - x, v - y) - radius


def ellipse(u: Field, v: Field, x: float, y: float, width: float, height: float) -> Field:
    """Roughly the distance to an ellipse around (x, y) with these half axes."""
    return (np.hypot((u - x) / width, (v - y) / height) - 1.0) * min(width, height)


def box(u: Field, v: Field, x: float, y: float, width: float, height: float, radius: float) -> Field:
    """Distance to a box around (x, y) with half sides `width` and `height` and rounded corners."""
    du, dv = np.abs(u - x) - width + radius, np.abs(v - y) - height + radius
    return np.hypot(np.maximum(du, 0), np.maximum(dv, 0)) + np.minimum(np.maximum(du, dv), 0) - radius


def union(*distances: Field) -> Field:
    """Distance to the nearest of several shapes."""
    return np.minimum.reduce(distances)


def flat(u: Field, colour: int) -> Field:
    """One colour, given as 0xRRGGBB, everywhere."""
    rgb = np.array([colour >> 16 & 255, colour >> 8 & 255, colour & 255]) / 255.0
    return np.broadcast_to(rgb, (*u.shape, 3)).copy()


def paint(canvas: Field, distance: Field, colour: int, softness: float = 0.04) -> None:
    """Lay a colour over the canvas where the distance is negative, with a soft edge."""
    cover = np.clip(0.5 - distance / softness, 0, 1)[..., None]
    canvas += (flat(distance, colour) - canvas) * cover


def goldfish(u: Field, v: Field) -> Drawing:
    """Orange, looking to the left, with fins and a forked tail."""
    body = ellipse(u, v, -0.22, 0.0, 0.68, 0.46)
    fork = np.maximum(np.abs(v) - 0.95 * (u - 0.18), 0.62 - u - 0.35 * np.abs(np.abs(v) - 0.3))
    tail = np.maximum(np.maximum(np.abs(v) - 0.95 * (u - 0.18), u - 0.72 - 0.38 * np.abs(v)), 0.2 - u)
    fin = np.maximum(ellipse(u, v, -0.15, -0.42, 0.34, 0.26), v + 0.2)
    canvas = flat(u, 0xF98E1D)
    paint(canvas, v * 0.9 - 0.2 + 0.1 * np.cos(3 * u), 0xFFB347, 0.3)
    paint(canvas, -fork, 0xF26A12, 0.2)
    paint(canvas, ellipse(u, v, -0.3, 0.28, 0.4, 0.16), 0xFFD58A, 0.25)
    scales = np.sin(14 * u + 7 * np.cos(9 * v)) * np.sin(16 * v)
    paint(canvas, np.maximum(0.55 - scales, body + 0.08), 0xFFA63B, 0.5)
    paint(canvas, disc(u, v, -0.64, -0.08, 0.105), 0xFFFFFF)
    paint(canvas, disc(u, v, -0.66, -0.08, 0.06), 0x23140A)
    return union(body, tail, fin), canvas


def tree_frog(u: Field, v: Field) -> Drawing:
    """Green, from the front: two red eyes on top, a wide mouth, feet."""
    eyes = union(disc(u, v, -0.45, -0.45, 0.26), disc(u, v, 0.45, -0.45, 0.26))
    feet = union(*(disc(u, v, x, 0.66, 0.15) for x in (-0.78, -0.56, 0.56, 0.78)))
    body = union(ellipse(u, v, 0, 0.1, 0.82, 0.58), ellipse(u, v, 0, 0.5, 0.7, 0.28))
    canvas = flat(u, 0x4FB53A)
    paint(canvas, ellipse(u, v, 0, 0.52, 0.5, 0.24), 0xC6E88A, 0.2)
    paint(canvas, feet, 0xF59B2C)
    for x in (-0.45, 0.45):
        paint(canvas, disc(u, v, x, -0.46, 0.18), 0xE5352B)
        paint(canvas, box(u, v, x, -0.46, 0.045, 0.13, 0.04), 0x1A1410)
        paint(canvas, disc(u, v, x - 0.07, -0.53, 0.035), 0xFFFFFF)
    paint(canvas, np.abs(v - 0.18 + 0.18 * u * u * 2) - 0.025 + 0.1 * (np.abs(u) > 0.6), 0x2B6B22)
    return union(body, eyes, feet), canvas


def pug(u: Field, v: Field) -> Drawing:
    """A fawn face with dark ears and a dark muzzle."""
    ears = union(ellipse(u + 0.35 * v, v, -0.82, -0.4, 0.24, 0.4), ellipse(u - 0.35 * v, v, 0.82, -0.4, 0.24, 0.4))
    face = ellipse(u, v, 0, 0.05, 0.8, 0.78)
    canvas = flat(u, 0xE0B583)
    paint(canvas, ears, 0x4A372D, 0.1)
    paint(canvas, np.abs(v + 0.42 + 0.12 * np.cos(5 * u)) - 0.03 + 0.3 * (np.abs(u) > 0.3), 0xB98A5B, 0.08)
    paint(canvas, ellipse(u, v, 0, 0.38, 0.47, 0.36), 0x46352F, 0.12)
    for x in (-0.36, 0.36):
        paint(canvas, disc(u, v, x, -0.1, 0.2), 0x6B5040, 0.15)
        paint(canvas, disc(u, v, x, -0.1, 0.13), 0x1B1311)
        paint(canvas, disc(u, v, x - 0.05, -0.15, 0.04), 0xFFFFFF)
    paint(canvas, ellipse(u, v, 0, 0.2, 0.15, 0.1), 0x120D0C)
    paint(canvas, ellipse(u, v, 0, 0.6, 0.11, 0.09), 0xE58B96)
    return union(face, ears), canvas


def ladybug(u: Field, v: Field) -> Drawing:
    """Red with black spots, from above, heading to the left."""
    head = disc(u, v, -0.72, 0, 0.26)
    shell = ellipse(u, v, 0.1, 0, 0.78, 0.68)
    canvas = flat(u, 0xE02424)
    paint(canvas, ellipse(u, v, -0.05, -0.3, 0.34, 0.14), 0xF2564B, 0.3)
    paint(canvas, np.abs(v) - 0.022 - 0.03 * u, 0x1C1214)
    for x, y in ((-0.28, 0.34), (0.14, 0.2), (0.42, 0.42), (0.62, 0.14), (0.06, 0.54)):
        for side in (-1, 1):
            paint(canvas, disc(u, v, x, side * y, 0.115), 0x1C1214)
    paint(canvas, union(head, ellipse(u, v, -0.62, 0, 0.2, 0.42)), 0x1C1214)
    for side in (-1, 1):
        paint(canvas, disc(u, v, -0.7, side * 0.19, 0.075), 0xF7F3E8)
    return union(shell, head), canvas


def television(u: Field, v: Field) -> Drawing:
    """A box with a glowing screen, two knobs and an aerial."""
    case = box(u, v, 0, 0.12, 0.95, 0.66, 0.12)
    legs = union(box(u, v, -0.55, 0.82, 0.08, 0.12, 0.04), box(u, v, 0.55, 0.82, 0.08, 0.12, 0.04))
    arms = np.abs(np.abs(u) + (v + 0.5) * 0.75) - 0.05
    aerial = union(np.maximum(np.maximum(arms, v + 0.5), -v - 0.98), disc(u, v, 0.36, -0.98, 0.07))
    canvas = flat(u, 0x4A5D78)
    paint(canvas, box(u, v, -0.15, 0.12, 0.68, 0.52, 0.16), 0x1D2739)
    screen = box(u, v, -0.15, 0.12, 0.61, 0.45, 0.14)
    paint(canvas, screen, 0x66D3F2)
    paint(canvas, np.maximum(screen, disc(u, v, -0.55, 0.75, 0.62)), 0x2F9FD8, 0.12)
    paint(canvas, np.maximum(screen, np.abs(u + v * 0.8 + 0.35) - 0.09), 0xC9F3FF, 0.08)
    for y in (-0.12, 0.18):
        paint(canvas, disc(u, v, 0.73, y, 0.1), 0xE8C170)
    return union(case, legs, aerial), canvas


def _mushroom(u: Field, v: Field, cap: float, stem: float) -> tuple[Field, Field]:
    """Distances of a domed cap of height `cap` and a stem of half width `stem`."""
    dome = np.maximum(ellipse(u, v, 0, 0.08, 0.95, cap), v - 0.08 - 0.06 * np.cos(3 * u))
    foot = box(u, v, 0, 0.45, stem + 0.05 * np.float64(stem > 0.25), 0.52, min(stem, 0.2))
    return dome, foot


def agaric(u: Field, v: Field) -> Drawing:
    """The red toadstool with white dots."""
    cap, stem = _mushroom(u, v, 0.92, 0.2)
    skirt = np.maximum(ellipse(u, v, 0, 0.22, 0.36, 0.2), 0.16 - v)
    canvas = flat(u, 0xF6EEDD)
    paint(canvas, np.maximum(stem, 0.08 - u), 0xDDCFB8, 0.15)
    paint(canvas, cap, 0xD81E3A)
    paint(canvas, np.maximum(cap, disc(u, v, -0.35, -0.45, 0.3)), 0xEE4858, 0.5)
    for x, y, radius in ((-0.6, -0.2, 0.1), (-0.25, -0.5, 0.12), (0.18, -0.2, 0.13), (0.42, -0.54, 0.09)):
        paint(canvas, ellipse(u, v, x, y, radius * 1.15, radius), 0xFFF8EC)
    paint(canvas, ellipse(u, v, 0.7, -0.12, 0.08, 0.08), 0xFFF8EC)
    return union(cap, stem, skirt), canvas


def bolete(u: Field, v: Field) -> Drawing:
    """The brown mushroom with a fat stem."""
    cap, stem = _mushroom(u, v, 0.72, 0.34)
    canvas = flat(u, 0xEBD6A8)
    paint(canvas, np.maximum(stem, 0.5 - np.sin(30 * u) * np.sin(22 * v)), 0xD3B67C, 0.6)
    paint(canvas, cap, 0x8A5129)
    paint(canvas, np.maximum(cap, ellipse(u, v, -0.3, -0.3, 0.4, 0.18)), 0xB9783F, 0.4)
    paint(canvas, np.maximum(cap, -0.02 - v), 0xD9BE6B, 0.08)
    return union(cap, stem), canvas


def corn(u: Field, v: Field) -> Drawing:
    """An ear with kernels between two green leaves."""
    ear = ellipse(u, v, 0, -0.15, 0.38, 0.84)
    bend = 0.25 * (0.9 - v)
    leaves = np.maximum(
        union(ellipse(u + bend, v, 0, 0.5, 0.27, 0.55), ellipse(u - bend, v, 0, 0.5, 0.27, 0.55)), 0.0 - v
    )
    canvas = flat(u, 0xF5C518)
    kernels = np.cos(np.arcsin(np.clip(u / 0.42, -1, 1)) * 7) * np.cos(v * 24)
    paint(canvas, -kernels - 0.25, 0xFFE26A, 0.6)
    paint(canvas, kernels * kernels - 0.02, 0xD79A0C, 0.1)
    paint(canvas, leaves, 0x5FA53C)
    paint(canvas, np.maximum(leaves, np.abs(np.abs(u) - bend) - 0.02), 0x8CCB5E, 0.08)
    return union(ear, leaves), canvas


def _roll(u: Field, v: Field, width: float, height: float, tint: int) -> Drawing:
    """A standing paper roll of half width `width` and half height `height`."""
    top = -height * 0.82
    side = box(u, v, 0, 0.05, width, height - 0.1, 0.08)
    lid = ellipse(u, v, 0, top, width, 0.24 * width + 0.06)
    sheet = box(u, v, width * 0.86, 0.3, width * 0.24, height * 0.62, 0.03)
    canvas = flat(u, tint)
    paint(canvas, 0.35 * width - u, 0xD6D3E6, 0.5 * width)
    paint(canvas, np.maximum(np.abs((v * 9) % 2 - 1) - 0.06, side), 0xE2DEEE, 0.2)
    paint(canvas, lid, 0xFFFFFF, 0.05)
    paint(canvas, np.abs(lid + 0.09 * width) - 0.012, 0xDCD8E8)
    paint(canvas, ellipse(u, v, 0, top, width * 0.36, 0.09 * width + 0.03), 0x9A7B5C)
    paint(canvas, np.maximum(np.abs(sheet + 0.02) - 0.014, -u), 0xC9C4DC, 0.04)
    return union(side, lid, sheet), canvas


def toilet_tissue(u: Field, v: Field) -> Drawing:
    """A short white roll."""
    return _roll(u, v, 0.72, 0.72, 0xF3F0FA)


def paper_towel(u: Field, v: Field) -> Drawing:
    """A tall roll: another class of ImageNet, the same class of ImageNet-S."""
    return _roll(u, v, 0.42, 0.98, 0xEAF1FA)


def volcano(u: Field, v: Field) -> Drawing:
    """A cone with glowing lava: no class of ImageNet-S, so its pixels are `other`."""
    slope = np.maximum(np.abs(u) * 1.15 - 0.62 - 0.62 * v - 0.05 * np.sin(9 * v), v - 0.98)
    cone = np.maximum(slope, -v - 0.62 + 0.05 * np.cos(14 * u))
    canvas = flat(u, 0x5B4A5E)
    paint(canvas, np.maximum(cone, 0.05 - u - 0.2 * v), 0x43364A, 0.3)
    paint(canvas, np.abs(u - 0.1 * np.sin(5 * v)) - 0.1 + 0.12 * (v + 0.6) * (v < 0.3), 0xFF6B2C, 0.1)
    paint(canvas, np.maximum(v + 0.5 - 0.06 * np.cos(11 * u), cone), 0xFFB03A, 0.1)
    return cone, canvas


DRAWINGS: Mapping[str, Callable[[Field, Field], Drawing]] = {
    "n01443537": goldfish,
    "n01644373": tree_frog,
    "n02110958": pug,
    "n02165456": ladybug,
    "n03887697": paper_towel,
    "n04404412": television,
    "n09472597": volcano,
    "n12144580": corn,
    "n12998815": agaric,
    "n13054560": bolete,
    "n15075141": toilet_tissue,
}
"""ImageNet folder -> its drawing."""
