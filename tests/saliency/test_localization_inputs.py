"""Maps of any real type, masks in any form, sizes; and one clear error that names the image."""

import io
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import imagenet_s
from imagenet_s.metrics import Localization, MatchedIoU, RegionAccuracy
from imagenet_s.metrics.localization import app
from imagenet_s.metrics.saliency.map_array import fit
from imagenet_s.metrics.saliency.map_files import open_map_reader

sys.path.append(str(Path(__file__).parents[1] / "metrics"))
from mask_forms import forms

MAP = np.array([[0, 1, 2, 3], [4, 5, 6, 7]])
MASK = np.array([[0, 7, 7, 1000], [3, 7, 0, 0]])


def scores(values, mask=MASK, target=7, **options):
    metric = Localization(**options)
    metric.update(values, mask, target, "cat")
    return {key: column[0] for key, column in metric.per_image().items()}


@pytest.mark.parametrize("dtype", ["f2", "f4", ">f8", "i1", "u2", "i8", "longdouble"])
def test_every_real_type(dtype):
    assert scores(MAP.astype(dtype)) == scores(MAP.astype(float))


def test_lists_booleans_images_and_foreign_memory():
    expected = scores(MAP.astype(float))
    for values in (MAP.tolist(), np.asfortranarray(MAP), Image.fromarray(MAP.astype(np.uint16)), MAP[::-1][::-1]):
        assert scores(values) == expected
    assert scores(MAP > 3) == scores((MAP > 3).astype(float))
    values = MAP.astype(float)
    values.flags.writeable = False
    assert scores(values, relevance="absolute") == expected


def test_a_map_is_not_written_to():
    values = np.array([[-1.0, 2.0]])
    for options in ({"relevance": "positive"}, {"relevance": "absolute"}, {"resize": "map"}):
        scores(values, [[7, 0]], **options)
    assert values.tolist() == [[-1.0, 2.0]]


def test_every_form_of_a_mask(tmp_path):
    expected = scores(MAP)
    for form, mask in forms(MASK, tmp_path).items():
        assert scores(MAP, mask) == expected, form


@pytest.mark.torch
def test_torch_tensors():
    import torch

    generator = torch.Generator().manual_seed(0)
    values = torch.randn(2, 4, generator=generator)
    expected = scores(values.double().numpy())
    assert scores(values) == scores(values.clone().requires_grad_()) == expected
    for dtype in (torch.float16, torch.bfloat16, torch.float64, torch.int64, torch.bool):
        one = (values * 4).to(dtype)
        assert scores(one, torch.as_tensor(MASK)) == scores(one.double().numpy()), dtype
    metric = Localization()
    metric.update_batch(torch.stack([values, -values]), [MASK, MASK], torch.tensor([7, 7]), ["a", "b"])
    assert metric.per_image()["average_precision"][0] == expected["average_precision"]
    with pytest.raises(ValueError, match="the map of cat holds complex64"):
        scores(torch.zeros(2, 4, dtype=torch.complex64))
    bad = values.clone()
    bad[0, 0] = float("inf")
    with pytest.raises(ValueError, match="the map of cat holds NaN or an infinity"):
        scores(bad)


@pytest.mark.torch
def test_resizing_as_torch_does():
    import torch
    from torch.nn.functional import interpolate

    for (height, width), size in (((7, 7), (56, 41)), ((14, 9), (5, 20)), ((1, 3), (4, 2)), ((30, 30), (29, 31))):
        generator = np.random.default_rng(height)
        values, mask = generator.standard_normal((height, width)), generator.choice([0, 7, 1000], size)
        tensor = torch.tensor(values)[None, None]
        large = interpolate(tensor, size, mode="bilinear", align_corners=False)[0, 0].numpy()
        np.testing.assert_allclose(fit(values, mask, "map", "cat")[0], large, rtol=0, atol=1e-12)
        ids = interpolate(torch.tensor(mask)[None, None].float(), (height, width), mode="nearest-exact")[0, 0]
        np.testing.assert_array_equal(fit(values, mask, "mask", "cat")[1], ids.numpy())


def test_a_resized_constant_map_is_constant():
    assert scores(np.full((7, 7), 0.1), np.full((31, 23), 7), resize="map")["constant"]


def test_resizing_a_mask_in_integers():
    """As Pillow's NEAREST, which works in floating point and may take the next row where a middle falls on an edge."""
    mask = np.add.outer(np.arange(375) * 100, np.arange(500)).astype(np.int32)
    small = fit(np.zeros((224, 224)), mask, "mask", "cat")[1]
    np.testing.assert_array_equal(small, np.asarray(Image.fromarray(mask).resize((224, 224), Image.Resampling.NEAREST)))
    assert fit(np.zeros((7, 1)), [[1], [2]], "mask", "cat")[1].ravel().tolist() == [1, 1, 1, 2, 2, 2, 2]


def test_resizing_changes_what_is_scored():
    values, mask = np.array([[0.0, 1.0]]), [[0, 0, 7, 7], [0, 0, 7, 7]]
    assert scores(values, mask, resize="mask")["iou_at_0.5"] == 1.0
    assert scores(values, mask, resize="map")["average_precision"] == 1.0


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.where(MAP == 3, np.nan, MAP), r"the map of cat holds NaN or an infinity \(1 of 8 pixels\)"),
        (np.where(MAP > 5, -np.inf, MAP), r"the map of cat holds NaN or an infinity \(2 of 8 pixels\)"),
        (MAP * 1j, r"the map of cat holds complex128 \(2 x 4\).*magnitude"),
        (MAP[None], r"the map of cat has the shape 1 x 2 x 4: expected H x W; sum or average over channels"),
        (MAP.ravel(), r"the map of cat has the shape 8: expected H x W"),
        (3.0, r"the map of cat has the shape a single number"),
        (MAP.astype(str), r"the map of cat holds <U"),
        ([[None, 1]], r"the map of cat holds object"),
        ([[1], [2, 3]], r"the map of cat is no array of numbers"),
        ("saliency.npy", r"the map of cat holds <U"),
        (np.zeros((0, 4)), r"the map of cat has no pixels \(0 x 4\)"),
        (MAP.T, r"the map of cat is 4 x 2 and its mask 2 x 4: height and width are exchanged"),
        (np.zeros((2, 3)), r"the map of cat is 2 x 3, its mask 2 x 4: they must be equal, unless resize"),
        (np.zeros((2, 4), "M8[s]"), r"the map of cat holds datetime64"),
    ],
)
def test_maps_that_are_none(values, message):
    with pytest.raises(ValueError, match=message):
        scores(values)


@pytest.mark.parametrize("mode", ["P", "RGB", "RGBA", "LA", "CMYK", "1"])
def test_pictures_that_are_no_maps(mode, tmp_path):
    """The indices of a palette say nothing of what is higher. Objects and files are refused alike."""
    picture = Image.fromarray(MAP.astype(np.uint8)).convert(mode)
    with pytest.raises(ValueError, match=f"the map of cat is an image of mode {mode}: expected a grey one"):
        scores(picture)
    if mode != "CMYK":
        picture.save(tmp_path / "cat.png")
        with pytest.raises(ValueError, match=r"cat.png cannot be read as a map \(an image of mode"):
            open_map_reader(tmp_path).read("cat")


@pytest.mark.parametrize("mode", ["L", "I", "F", "I;16"])
def test_grey_pictures_are_maps(mode):
    values = MAP.astype({"L": np.uint8, "I": np.int32, "F": np.float32, "I;16": np.uint16}[mode])
    picture = Image.fromarray(values)
    assert picture.mode == mode
    assert scores(picture) == scores(values)


def test_masked_arrays():
    """What their mask says has no meaning here: as it is, the hidden values would decide."""
    hidden = np.ma.masked_array(MAP, MAP.min() < MAP)
    with pytest.raises(ValueError, match=r"the map of cat is a masked array, 7 of 8 values masked.*map.filled"):
        scores(hidden)
    with pytest.raises(ValueError, match="the map of image 0 is a masked array"):
        Localization().update_batch(np.ma.masked_array(MAP[None], MAP[None] > 1), [np.ones(MAP.shape, int)], [1])
    ids = np.ma.masked_array([[3, 0]], [[False, True]])
    with pytest.raises(ValueError, match=r"the mask of cat is a masked array.*mask.filled\(1000\)"):
        Localization().update([[1.0, 0.0]], ids, 3, "cat")
    with pytest.raises(ValueError, match="is a masked array"):
        MatchedIoU(3).update(ids, [[3, 0]])
    with pytest.raises(ValueError, match="is a masked array"):
        imagenet_s.decode_mask(ids)
    with pytest.raises(ValueError, match="is a masked array"):
        RegionAccuracy(2).update(np.ma.masked_array([0.1, 0.7], [True, False]), 2)
    assert scores(np.ma.masked_array(MAP, np.zeros(MAP.shape, bool))) == scores(MAP), "nothing is masked"


@pytest.mark.parametrize("resize", [None, "map", "mask"])
def test_height_and_width_exchanged(resize):
    """No option that allows other sizes means this."""
    metric = Localization(resize=resize)
    with pytest.raises(ValueError, match=r"the map of cat is 4 x 2 and its mask 2 x 4: .* exchanged; .*map.T"):
        metric.update(MAP.T, np.ones(MAP.shape, int), 1, "cat")
    metric.update(np.ones((3, 3)), np.ones((3, 3), int), 1, "square")


def png_of(values):
    file = io.BytesIO()
    Image.fromarray(values).save(file, "PNG")
    return file.getvalue()


def array_of(values):
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


def test_the_space_takes_no_damaged_map(tmp_path):
    """A flipped bit is another map: it is refused there as on the command line, and so is what is none."""
    values = np.random.default_rng(0).integers(0, 60_000, (9, 12)).astype(np.uint16)
    mask = tmp_path / "mask.png"
    mask.write_bytes(png_of(np.where(values > 30_000, 7, 0).astype(np.uint16)))
    png, npy = png_of(values), array_of(values)
    flipped = bytearray(png)
    flipped[len(png) - 30] ^= 4
    for name, data in (
        *(("map.png", bytes(flipped)), ("map.png", png[:60]), ("map.png", b"")),
        *(
            ("map.npy", npy[:-9]),
            ("map.npy", b""),
            ("map.npy", b"PK\x03\x04 cut"),
            ("map.npy", array_of(np.array([None]))),
        ),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(ValueError, match=rf"{name} cannot be read as a map"):
            app.score([str(tmp_path / name)], [str(mask)], 7, "signed", "none")
    (tmp_path / "map.png").write_bytes(png)
    assert app.score([str(tmp_path / "map.png")], [str(mask)], 7, "signed", "none")[2][0][2] == "100.00"


def test_ignored_pixels_must_be_finite_too():
    with pytest.raises(ValueError, match="holds NaN"):
        scores(np.where(MASK == 1000, np.nan, MAP))


@pytest.mark.parametrize("target", [1000, -1, 70000, 2.5, "dog", None])
def test_targets_that_are_none(target):
    with pytest.raises(ValueError, match="the target of cat is"):
        scores(MAP, target=target)


def test_other_may_be_the_target():
    assert scores(MAP, target=0)["pointing_game"] == 1.0
    assert scores(MAP, target=np.uint8(7)) == scores(MAP, target=7)


def test_masks_that_are_none(tmp_path):
    with pytest.raises(ValueError, match="the mask of cat holds float64"):
        scores(MAP, MASK / 2)
    with pytest.raises(ValueError, match="the mask of cat: there is no such file"):
        scores(MAP, tmp_path / "absent.png")


@pytest.mark.parametrize(
    "options",
    [
        {"thresholds": (50,)},
        {"thresholds": ("otsu",)},
        {"thresholds": (float("nan"),)},
        {"thresholds": (0.5, 0.5000001)},
        {"tolerance": -1},
        {"tolerance": "15"},
        {"relevance": "signedd"},
        {"resize": True},
    ],
)
def test_options_that_mean_nothing(options):
    with pytest.raises(ValueError, match=next(iter(options))[:-1]):
        Localization(**options)


def test_names_of_scores():
    assert [key for key in Localization((0.25, 1, "mean_std")).keys if key.startswith("iou")] == [
        "iou_at_0.25",
        "iou_at_1",
        "iou_at_mean_std",
    ]
    assert Localization(0.5).keys == Localization([0.5]).keys
    with pytest.raises(ValueError, match="average='pixel'"):
        Localization().compute("pixel")
