"""`composite`: pictures equal to a slow independent implementation, regions that never leak, partners that stay."""

import hashlib
import pickle
import subprocess
import sys

import datasets
import numpy as np
import pytest
import slow_composites
from PIL import Image

from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.facts import COMPOSITE_KINDS as KINDS
from imagenet_s.conversion.masks.codec import encode_png16
from imagenet_s.conversion.transforms import composite
from imagenet_s.conversion.transforms.composite_pictures import MIXED, composite_picture, regions_of

FILLS = ["mean", "blur", "tile", (255, 0, 255)]


def blob(shape: tuple[int, int], box: tuple[int, int, int, int], category: int, rim: int = 1) -> np.ndarray:
    """An ellipse of a class with an ignored rim; a corner of another class."""
    height, width = shape
    y, x = np.mgrid[:height, :width]
    top, left, bottom, right = box
    distance = ((y - (top + bottom) / 2) / max(1, (bottom - top) / 2)) ** 2
    distance = distance + ((x - (left + right) / 2) / max(1, (right - left) / 2)) ** 2
    ids = np.zeros(shape, np.uint16)
    ids[:3, -4:] = 49
    ids[distance <= 1.2 + 0.2 * rim] = 1000 if rim else 0
    ids[distance <= 1] = category
    return ids


MASKS = {
    "in the middle": blob((37, 52), (12, 18, 24, 35), 7),
    "at an edge": blob((41, 33), (0, 0, 20, 12), 7),
    "strips of 8 and 7": blob((30, 31), (8, 7, 22, 24), 7, rim=0),
    "odd": blob((1, 19), (0, 3, 1, 9), 7),
    "everything": np.full((12, 9), 7, np.uint16),
    "all ignored but a pixel": np.where(np.eye(10, 12) * np.arange(12) == 5, 7, 1000).astype(np.uint16),
    "one pixel": np.full((1, 1), 7, np.uint16),
}


def image_for(ids: np.ndarray, seed: int = 0) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 255, (*ids.shape, 3), np.uint8)
    return Image.fromarray(pixels)


@pytest.mark.parametrize("fill", FILLS, ids=str)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", [*MASKS, "nothing", "all ignored"])
def test_equal_to_an_independent_implementation(case: str, kind: str, fill: object) -> None:
    empty = {"nothing": np.zeros((9, 14), np.uint16), "all ignored": np.full((9, 14), 1000, np.uint16)}
    ids, partner_ids = {**MASKS, **empty}[case], MASKS["in the middle"]
    image, partner = image_for(ids), image_for(partner_ids, 1)
    made = composite_picture(
        kind, np.asarray(image), regions_of(ids, 7), fill, (np.asarray(partner), regions_of(partner_ids, 7))
    )
    expected = slow_composites.picture(kind, image, ids.tolist(), 7, fill, (partner, partner_ids.tolist(), 7))
    assert made.dtype == np.uint8
    np.testing.assert_array_equal(made, np.asarray(expected))


@pytest.mark.parametrize("kind", KINDS[1:])
@pytest.mark.parametrize("case", MASKS)
def test_no_region_leaks(case: str, kind: str) -> None:
    """Every region in its own colour: what must not be shown is nowhere."""
    ids = MASKS[case]
    regions = regions_of(ids, 7)
    colours = {"object": (200, 0, 0), "ignored": (0, 200, 0), "background": (0, 0, 200)}
    pixels = np.where(regions.object[..., None], colours["object"], colours["background"]).astype(np.uint8)
    pixels[regions.ignored] = colours["ignored"]
    partner = np.full((20, 30, 3), 255, np.uint8)
    hidden = regions_of(np.zeros((20, 30), np.uint16), 7)
    made = composite_picture(kind, pixels, regions, (255, 255, 0), (partner, hidden))
    shown = {name: bool((made == colour).all(axis=-1).any()) for name, colour in colours.items()}
    assert not shown["ignored"]
    assert not shown["object" if kind.startswith("background") else "background"]
    if kind != "background_box":
        assert (made[regions.object] == colours["object"]).all() == (not kind.startswith("background"))


@pytest.mark.parametrize("kind", MIXED)
def test_nothing_of_the_object_of_a_partner_is_shown(kind: str) -> None:
    """Its object and ignored pixels are white, all else is black: resized, no pixel is any lighter."""
    ids = MASKS["in the middle"]
    partner = np.where((ids == 7) | (ids == 1000), 255, 0).astype(np.uint8)[..., None].repeat(3, axis=2)
    pixels = np.zeros((50, 90, 3), np.uint8)
    regions = regions_of(blob((50, 90), (10, 20, 40, 70), 7), 7)
    for fill in ("tile", (0, 0, 0)):
        assert not composite_picture(kind, pixels, regions, fill, (partner, regions_of(ids, 7))).any()


@pytest.fixture(scope="module")
def rows() -> datasets.Dataset:
    """Twelve images of classes 1, 2, 5 and 9; the masks of two do not show their class; one has no mask."""
    categories = [1, 1, 1, 2, 2, 5, 5, 5, 9, 9, 9, 1]
    names = [f"ILSVRC2012_val_{i:08d}" for i in (30, 7, 12, 99, 4, 41, 8, 5, 77, 3, 2, 1)]
    masks = [blob((24 + i, 31 - i), (6, 6, 16, 18), category) for i, category in enumerate(categories)]
    masks[2][masks[2] == 1] = 3
    masks[8][masks[8] == 9] = 0
    annotations = [{"bytes": encode_png16(mask), "path": None} for mask in masks]
    features = datasets.Features(
        image_id=datasets.Value("string"),
        image=datasets.Image(mode="RGB"),
        annotation=datasets.Image(mode="I"),
        category=datasets.Value("int64"),
    )
    return datasets.Dataset.from_dict(
        {
            "image_id": names,
            "image": [image_for(mask, i) for i, mask in enumerate(masks)],
            "annotation": [*annotations[:-1], None],
            "category": categories,
        },
        features=features,
    )


def made(rows: datasets.Dataset, kind: str, seed: int = 0) -> dict[str, tuple[str, bytes]]:
    """Image id -> partner and pixels, of the rows that have the kind."""
    function, result = composite(rows, kind, seed=seed), {}
    for row in rows:
        if row["annotation"] is not None and (np.asarray(row["annotation"]) == row["category"]).any():
            changed = function(row)
            result[row["image_id"]] = changed["partner"], changed["image"].tobytes()
    return result


@pytest.mark.parametrize("chosen", [range(12), [10, 5, 0, 2, 1, 9, 6]], ids=["all", "some"])
@pytest.mark.parametrize("kind", MIXED)
def test_partners_by_their_definition(rows: datasets.Dataset, kind: str, chosen: list[int]) -> None:
    eligible = {row["image_id"]: row["category"] for row in rows.select(chosen)}
    for name in (rows[2]["image_id"], rows[8]["image_id"], rows[11]["image_id"]):
        eligible.pop(name, None)
    rows = rows.select(chosen)
    classes = sorted(set(eligible.values()))
    following = dict(zip(classes, [*classes[1:], classes[0]]))
    for seed in (0, 7):
        for image_id, (partner, _) in made(rows, kind, seed).items():
            category = eligible[image_id]
            allowed = {
                "mixed_same": lambda name: name != image_id and eligible[name] == category,  # noqa: B023
                "mixed_random": lambda name: eligible[name] != category,  # noqa: B023
                "mixed_next": lambda name: eligible[name] == following[category],  # noqa: B023
            }[kind]
            names = sorted(filter(allowed, eligible))
            digest = hashlib.sha256(f"{seed}:{kind}:{image_id}".encode()).hexdigest()
            assert partner == names[int(digest, 16) % len(names)]


@pytest.mark.parametrize("kind", MIXED)
def test_order_and_processes_do_not_matter(rows: datasets.Dataset, kind: str) -> None:
    expected = made(rows, kind)
    assert made(rows.shuffle(seed=3), kind) == expected
    function = pickle.loads(pickle.dumps(composite(rows, kind)))
    parts = [rows.shard(2, i) for i in range(2)]
    assert {
        row["image_id"]: (changed["partner"], changed["image"].tobytes())
        for part in parts
        for row in part
        if row["image_id"] in expected
        for changed in [function(row)]
    } == expected


def test_as_a_transform(rows: datasets.Dataset) -> None:
    shown = rows.select([0, 1])
    for kind in ("object", "mixed_random"):
        pictures = shown.with_transform(composite(rows, kind))
        for i, batch in ((0, pictures[:2]),):
            assert batch["image"][i].tobytes() == pictures[i]["image"].tobytes()
            assert batch["partner"][i] == pictures[i]["partner"]
        scored = np.asarray(shown[0]["annotation"])
        assert pictures[0]["object_share"] == (scored == 1).sum() / (scored != 1000).sum()
        assert (np.asarray(pictures[0]["annotation"]) == scored).all()
        assert (pictures[0]["partner"] == "") == (kind == "object")


@pytest.mark.parametrize("form", ["L", "CMYK", "P"])
def test_images_of_other_modes(rows: datasets.Dataset, form: str) -> None:
    row = rows[0]
    image = row["image"].convert(form)
    picture = composite(rows, "object")({**row, "image": image})["image"]
    kept = np.asarray(row["annotation"]) == 1
    np.testing.assert_array_equal(np.asarray(picture)[kept], np.asarray(image.convert("RGB"))[kept])


@pytest.mark.parametrize("kind", ["object", *MIXED])
def test_a_mask_without_its_class(rows: datasets.Dataset, kind: str) -> None:
    with pytest.raises(ImageNetSError, match=f"ILSVRC2012_val_00000012.* no picture of kind {kind}"):
        composite(rows, kind)(rows[2])
    assert composite(rows, "background")(rows[2])["object_share"] == 0


def test_no_partner(rows: datasets.Dataset) -> None:
    alone = rows.select([0, 3, 4])
    with pytest.raises(ValueError, match=r"ILSVRC2012_val_00000030: no image .* partner for mixed_same"):
        composite(alone, "mixed_same")(alone[0])
    for kind in ("mixed_random", "mixed_next"):
        with pytest.raises(ValueError, match=f"partner for {kind}"):
            composite(rows.select([0, 1]), kind)(rows[0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("both",), "kind='both' .* expected one of original"),
        (("object", "black"), "fill='black' .* expected mean, blur, tile, or three numbers"),
        (("object", (0, 0, 256)), "three numbers 0..255"),
        (("object", (0.5, 0, 0)), "three numbers 0..255"),
    ],
)
def test_bad_arguments(rows: datasets.Dataset, arguments: tuple, message: str) -> None:
    with pytest.raises(ImageNetSError, match=message):
        composite(rows, *arguments)


def test_a_seed_is_an_integer(rows: datasets.Dataset) -> None:
    """1.0 would be another seed than 1."""
    assert made(rows, "mixed_random", np.int64(1)) == made(rows, "mixed_random", 1)
    with pytest.raises(TypeError, match="float"):
        composite(rows, "mixed_random", seed=1.0)  # type: ignore[arg-type]


def test_bad_data(rows: datasets.Dataset) -> None:
    with pytest.raises(ImageNetSError, match="map-style data set, not a IterableDataset"):
        composite(rows.to_iterable_dataset(), "object")
    with pytest.raises(ImageNetSError, match="these rows lack annotation, category"):
        composite(rows.select_columns(["image_id", "image"]), "object")
    with pytest.raises(ImageNetSError, match="ILSVRC2012_val_00000001 has no mask"):
        composite(rows, "background")(rows[11])
    with pytest.raises(ImageNetSError, match="resized or turned"):
        composite(rows, "object")({**rows[0], "image": rows[0]["image"].resize((5, 5))})


def test_it_needs_no_torchvision() -> None:
    code = "import sys; from imagenet_s.conversion.transforms import composite; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
