"""RLE and polygons: decoded by plain Python and by pycocotools, they give the mask again."""

import numpy as np
import pytest
from numpy.typing import NDArray
from read_exports import decode_rle, fill
from scipy import ndimage

from imagenet_s.conversion.export.polygons import polygons
from imagenet_s.conversion.export.rle import encode, region, regions


def masks() -> list[NDArray[np.bool_]]:
    random = np.random.default_rng(0)
    drawn = [np.ones((1, 1), bool), np.ones((3, 5), bool), np.eye(6, dtype=bool), ~np.eye(6, dtype=bool)]
    drawn += [np.pad(~np.pad(np.ones((2, 2), bool), 1), 1) | False]
    rings = np.hypot(*np.mgrid[-20:21, -25:26]) // 4 % 2 == 1  # holes within pieces within holes
    drawn += [rings, rings & (random.random(rings.shape) < 0.9)]
    for _ in range(150):
        height, width = random.integers(1, 24, 2)
        noise = random.random((height, width))
        drawn += [noise < random.random(), ndimage.gaussian_filter(noise, 1.2) > 0.5]
    return [mask for mask in drawn if mask.any()]


MASKS = masks()


def test_rle() -> None:
    for mask in MASKS:
        rle = {"size": list(mask.shape), "counts": encode(mask)}
        np.testing.assert_array_equal(decode_rle(rle), mask)


@pytest.mark.parametrize(("height", "start", "stop"), [(5000, 0, 1), (5000, 3, 4999), (1, 0, 1), (5000, 4999, 5000)])
def test_rle_of_long_runs(height: int, start: int, stop: int) -> None:
    mask = np.zeros((height, 900), bool)
    mask[start:stop, ::450] = True
    np.testing.assert_array_equal(decode_rle({"size": [height, 900], "counts": encode(mask)}), mask)


def test_pycocotools_writes_and_reads_the_same() -> None:
    peer = pytest.importorskip("pycocotools.mask")
    for mask in MASKS:
        theirs = peer.encode(np.asfortranarray(mask, np.uint8))
        assert encode(mask) == theirs["counts"].decode()
        ours = region(mask, 7)
        np.testing.assert_array_equal(peer.decode(ours.rle), mask)
        assert list(ours.bbox) == peer.toBbox(theirs).tolist()
        assert ours.area == peer.area(theirs)
        height, width = mask.shape
        pieces = [[float(value) for point in piece for value in point] for piece in polygons(mask)]
        drawn = peer.merge(peer.frPyObjects(pieces, height, width))
        np.testing.assert_array_equal(peer.decode(drawn), mask)


def test_regions() -> None:
    ids = np.array([[0, 3, 3], [1000, 0, 3]], np.uint16)
    result = regions(ids)
    assert [part.id for part in result] == [3, 1000], "0 is no region"
    assert [(part.area, part.bbox) for part in result] == [(3, (1, 0, 2, 2)), (1, (0, 1, 1, 1))]
    for part in result:
        np.testing.assert_array_equal(decode_rle(part.rle), ids == part.id)


def test_polygons() -> None:
    for mask in MASKS:
        pieces = polygons(mask)
        flat = [[value for point in piece for value in point] for piece in pieces]
        np.testing.assert_array_equal(fill(flat, *mask.shape), mask)
        assert len(pieces) == ndimage.label(mask, np.ones((3, 3)))[1], "a polygon for each piece, its holes within"


def test_polygons_go_clockwise_around_pixels_not_centres() -> None:
    mask = np.zeros((4, 5), bool)
    mask[1:3, 2:5] = True
    assert polygons(mask) == [[(2, 1), (5, 1), (5, 3), (2, 3)]]
