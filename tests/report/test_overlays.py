"""Overlays and contact sheets: distinct colours, the pixels the mask says, inputs not changed."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.facts import categories
from imagenet_s.conversion.synthetic import IMAGES, image_bytes, images_of, mask_ids
from imagenet_s.metrics.saliency.map_array import display_range
from imagenet_s.report import contact_sheet, mask_overlay, overlay
from imagenet_s.report.class_colors import class_color

NAMES = categories("919").id2label


def picture(image_id: str) -> Image.Image:
    return Image.open(io.BytesIO(image_bytes(image_id)))


def test_overlay_colours_what_the_mask_says() -> None:
    grey = Image.new("RGB", (60, 40), (128, 128, 128))
    ids = np.zeros((40, 60), np.int32)
    ids[5:35, 5:25] = 3
    ids[5:35, 30:50] = 1000
    result = np.asarray(mask_overlay(grey, ids, alpha=1.0)).astype(int)
    assert (result[10:30, 10:20] == class_color(3)).all()
    other = result[:, 52:]
    assert np.ptp(other) == 0, "not tinted"
    assert 128 < other[0, 0, 0] < 200, "paled"
    ignored = result[8:32, 32:48]
    assert len(np.unique(ignored)) == 2, "hatched"
    assert np.ptp(ignored) > 80
    ring = np.ones((30, 20), bool)
    ring[1:-1, 1:-1] = False
    contour = np.unique(result[5:35, 5:25][ring], axis=0)
    assert len(contour) == 1, "one pixel wide on all sides"
    assert (contour > class_color(3)).any(), "and lighter than the class"


def test_inputs_stay_as_they_are() -> None:
    image, ids = picture("ILSVRC2012_val_00000206").convert("RGB"), mask_ids(IMAGES["ILSVRC2012_val_00000206"], "919")
    pixels, before = image.tobytes(), ids.copy()
    mask_overlay(image, ids)
    contact_sheet([(image, ids)], ["one"], NAMES)
    assert image.tobytes() == pixels
    np.testing.assert_array_equal(ids, before)


@pytest.mark.parametrize("image_id", ["n01443537_478", "n01644373_769", "n02110958_506", "n01443537_72"])
def test_every_mode_of_image(image_id: str) -> None:
    image = picture(image_id)
    result = mask_overlay(image, mask_ids(IMAGES[image_id], "919"))
    assert result.mode == "RGB"
    assert result.size == image.size


def test_one_pixel() -> None:
    assert mask_overlay(Image.new("RGB", (1, 1)), np.array([[7]])).size == (1, 1)
    contact_sheet([(Image.new("RGB", (1, 1)), np.array([[7]]))], [""], NAMES)
    contact_sheet([(Image.new("RGB", (1000, 1)), np.full((1, 1000), 1000))], [""], NAMES)


def test_masks_of_another_size_are_refused() -> None:
    image, ids = Image.new("RGB", (30, 20)), np.zeros((30, 20), np.uint16)
    for call in (lambda: mask_overlay(image, ids), lambda: contact_sheet([(image, ids)], ["one"], NAMES)):
        with pytest.raises(ImageNetSError, match="rotated by its EXIF orientation"):
            call()
    with pytest.raises(ImageNetSError, match=r"shape \(20, 30, 3\)"):
        mask_overlay(image, np.zeros((20, 30, 3), np.uint8))


def test_a_sheet_needs_a_caption_an_image() -> None:
    with pytest.raises(ImageNetSError, match="0 images and 0 captions"):
        contact_sheet([], [], NAMES)
    with pytest.raises(ImageNetSError, match="1 images and 2 captions"):
        contact_sheet([(Image.new("RGB", (3, 3)), None)], ["a", "b"], NAMES)


def test_a_sheet_is_made_of_its_tiles() -> None:
    rows = images_of("919", "validation")[:5]
    items = [(picture(image.image_id), mask_ids(image, "919")) for image in rows]
    captions = [image.image_id for image in rows]
    sheet = contact_sheet(items, captions, NAMES, columns=3, tile=(160, 120))
    assert contact_sheet(items, captions, NAMES, columns=3, tile=(160, 120)).tobytes() == sheet.tobytes()
    assert 3 * 160 < sheet.width < 4 * 160
    assert 2 * 120 < sheet.height < 4 * 120
    one_row = contact_sheet(items[:2], captions[:2], NAMES, columns=9, tile=(160, 120))
    assert 2 * 160 < one_row.width < 3 * 160
    assert one_row.height < sheet.height

    # The picture of a tile is the overlay itself where the box has the image's size.
    image = IMAGES["ILSVRC2012_val_00045212"]
    item = picture(image.image_id), mask_ids(image, "919")
    sheet = contact_sheet([item], ["x"], NAMES, tile=image.size)
    want = np.asarray(mask_overlay(*item))
    windows = np.lib.stride_tricks.sliding_window_view(np.asarray(sheet), want.shape)[:, :, 0]
    assert any((windows[y, x] == want).all() for y in range(windows.shape[0]) for x in range(windows.shape[1]))


def test_captions_and_legends_are_on_the_sheet() -> None:
    blank = Image.new("RGB", (160, 120), "white")
    ids = np.zeros((120, 160), np.uint16)
    ids[:50] = 2
    ids[50:90] = 912
    legend = np.asarray(contact_sheet([(blank, ids)], ["a caption"], NAMES))
    pixels = set(map(tuple, legend.reshape(-1, 3)[-legend.shape[1] * 45 :].tolist()))
    assert {class_color(2), class_color(912)} <= pixels, "a chip a class, below the picture"
    other_name = np.asarray(contact_sheet([(blank, ids)], ["a caption"], {2: "goldfish", 912: "mushroom"}))
    other_caption = np.asarray(contact_sheet([(blank, ids)], ["b caption"], NAMES))
    unnamed = np.asarray(contact_sheet([(blank, ids)], ["a caption"], {}))
    for other in (other_name, other_caption, unnamed):
        assert other.shape == legend.shape
        assert (other != legend).any()
        assert (other[: 18 + 8 + 192] == legend[: 18 + 8 + 192]).all(), "only the text differs"


def test_the_legend_names_the_largest_class_first_and_ignored_last() -> None:
    ids = np.zeros((90, 160), np.uint16)
    ids[:10], ids[10:50], ids[50:80] = 2, 912, 1000
    below = np.asarray(contact_sheet([(Image.new("RGB", (160, 90), "white"), ids)], [""], NAMES))[18 + 8 + 192 :]

    def left_of(colour: tuple[int, int, int]) -> int:
        return int(np.nonzero((below == colour).all(axis=2))[1].min())

    hatch = np.asarray(mask_overlay(Image.new("RGB", (4, 4), "#a0a0a0"), np.full((4, 4), 1000)))[0, 0]
    assert left_of(class_color(912)) < left_of(class_color(2)) < left_of(tuple(hatch.tolist()))


def test_long_captions_and_many_classes_stay_within_their_tile() -> None:
    ids = np.repeat(np.arange(1, 41, dtype=np.uint16), 4)[None].repeat(30, 0)
    item = (Image.new("RGB", (160, 30)), ids)
    alone = np.asarray(contact_sheet([item], ["a long caption " * 20], NAMES))
    assert (alone[:, -10:] == alone[0, -1]).all(), "the margin on the right is empty"
    narrow = contact_sheet([item], ["x"], dict.fromkeys(range(50), "a very long name of a class" * 3), tile=(96, 72))
    assert narrow.height > 40 * 12, "a line a class"


def drawn(values: np.ndarray) -> np.ndarray:
    """The heat alone of a map, H x W x 3."""
    address = overlay(None, values, np.zeros(values.shape, bool))
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2])))).astype(int)


@pytest.mark.parametrize("outlier", [1e4, -1e4])
def test_an_outlier_does_not_darken_a_map(outlier: float) -> None:
    """As of integrated gradients: a few pixels far above or below all others."""
    values = np.tile(np.linspace(0, 1, 320), (240, 1))
    plain = drawn(values)
    assert np.ptp(plain.sum(axis=-1)) > 200
    values[100, 100:120] = outlier
    with_outlier = drawn(values)
    far = np.ones(values.shape, bool)
    far[90:112, 90:130] = False
    assert np.abs(with_outlier - plain)[far].mean() < 4


def test_maps_that_are_nearly_everywhere_the_same() -> None:
    sparse = np.zeros((240, 320))
    assert np.ptp(drawn(sparse), axis=(0, 1)).max() == 0
    sparse[100:104, 100:104] = 1
    assert drawn(sparse)[102, 102].sum() - drawn(sparse)[0, 0].sum() > 200, "fewer pixels than a percentile still show"
    assert display_range(np.array([[-128, 127]], np.int8)) == pytest.approx((-125.45, 124.45))
