"""The pictures of `evaluate --report`: which images, what is drawn, and images from every source."""

import base64
import io
import re
import struct
import zlib
from collections.abc import Callable
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imagenet_s.cli.main import main
from imagenet_s.conversion.facts import categories
from imagenet_s.conversion.images.image_header import FRAMES, JPEG, PNG, jpeg_segments
from imagenet_s.conversion.masks.codec import decode_mask, encode_official_png
from imagenet_s.conversion.shards import Options, convert
from imagenet_s.conversion.synthetic import IMAGES, image_bytes, images_of, mask_ids
from imagenet_s.metrics import MatchedIoU
from imagenet_s.metrics.matched_miou.read_mask import read_mask
from imagenet_s.report import percent
from imagenet_s.report.class_colors import NO_CLASS, class_color
from imagenet_s.report.images_by_id import ImagesById
from imagenet_s.report.mask_pictures import matched_ids
from imagenet_s.report.overlays import RIGHT, WRONG

FIGURE = re.compile(r'<img src="data:image/jpeg;base64,([^"]+)" alt="(\w+) of ([^"]+)"')


@pytest.fixture(scope="module")
def masks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Masks of validation and of one train_semi image; predictions shifted by 9 columns, as clusters 100 higher; and
    predictions that are right.
    """
    root = tmp_path_factory.mktemp("masks")
    for image in (*images_of("50", "validation"), images_of("50", "train_semi")[0]):
        ids = mask_ids(image, "50")
        right = np.where(ids == 1000, 0, ids)
        moved = np.roll(right, 9, axis=1)
        clusters = np.where(moved > 0, moved + 100, 0)
        for folder, one in (("references", ids), ("predictions", clusters), ("right", right)):
            path = root / folder / image.class_wnid / f"{image.image_id}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode_official_png(one.astype(np.uint16)))
    return root


def report(masks: Path, path: Path, *more: str) -> dict[tuple[str, str], Image.Image]:
    """(image id, what) -> picture."""
    where = ["--predict-dir", str(masks / "predictions"), "--gt-dir", str(masks / "references"), "--config", "50"]
    assert main(["evaluate", *where, "--matching", "hungarian", "--workers", "1", "--report", str(path), *more]) == 0
    figures = FIGURE.findall(path.read_text(encoding="utf-8"))
    return {
        (Path(unescape(name)).stem, what): Image.open(io.BytesIO(base64.b64decode(data)))
        for data, what, name in figures
    }


def near(pixels: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    return np.abs(pixels.astype(int) - colour).max(axis=-1) < 40


def test_masks_alone(masks: Path, tmp_path: Path) -> None:
    pictures = report(masks, tmp_path / "report.html")
    count = len(list((masks / "references").rglob("*.png")))
    assert {what for _, what in pictures} == {"reference", "prediction", "difference"}
    assert len(pictures) == 3 * count, "nine by their mean IoU, and examples of each group"
    for (image_id, what), picture in pictures.items():
        assert max(picture.size) == 224
        reference = mask_ids(IMAGES[image_id], "50")
        small = np.asarray(Image.fromarray(reference).resize(picture.size, Image.Resampling.NEAREST))
        pixels = np.asarray(picture)
        if what == "reference":
            for item in np.unique(reference[(reference > 0) & (reference < 1000)]).tolist():
                assert near(pixels, class_color(item))[small == item].mean() > 0.85, (image_id, item)
        if what == "difference":
            wrong = near(pixels, WRONG)
            assert (near(pixels, RIGHT) | wrong)[(small > 0) & (small < 1000)].mean() > 0.75
            assert wrong.any(), "nine columns are wrong"
            assert not near(pixels, RIGHT)[small == 0].mean() > 0.02, "other is never right"


@pytest.mark.parametrize("kind", ["imagenet", "tree", "converted", "converted arrow"])
def test_images_from_every_source(
    kind: str, masks: Path, miniature: Callable[[str], Path], annotations: Path, tmp_path: Path
) -> None:
    source = miniature("tars")
    if kind == "tree":
        source = miniature("tree-50")
    elif kind.startswith("converted"):
        options = Options(verify=False, form="arrow" if "arrow" in kind else "parquet")
        convert(miniature("folders"), tmp_path / "out", "50", annotations, options)
        source = tmp_path / "out"
    pictures = report(masks, tmp_path / "report.html", "--images", str(source))
    shown = {image_id for image_id, _ in pictures}
    for image_id in shown:
        picture = pictures[image_id, "image"]
        original = Image.open(io.BytesIO(image_bytes(image_id))).convert("RGB").resize(picture.size)
        assert np.abs(np.asarray(picture).astype(int) - np.asarray(original)).mean() < 8, image_id


def test_train_and_validation_images_together(masks: Path, miniature: Callable[[str], Path]) -> None:
    ids = {path.stem: decode_mask(path) for path in (masks / "references").rglob("*.png")}
    assert {item[0] for item in ids} == {"n", "I"}
    images = ImagesById(str(miniature("folders")), "50")
    assert images.read({**ids, "ILSVRC2012_val_00049999": np.zeros((4, 4), int)}).keys() == ids.keys()
    assert images.read({}) == {}


def test_absent_images_are_said(masks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for part in ("train", "val"):
        (tmp_path / "some" / part / "n01440764").mkdir(parents=True)
    Image.new("RGB", (4, 4)).save(tmp_path / "some" / "val" / "n01440764" / "ILSVRC2012_val_00049999.JPEG")
    Image.new("RGB", (4, 4)).save(tmp_path / "some" / "train" / "n01440764" / "n01440764_1.JPEG")
    pictures = report(masks, tmp_path / "report.html", "--images", str(tmp_path / "some"))
    assert {what for _, what in pictures} == {"reference", "prediction", "difference"}
    assert "(--images) lacks 10 of the 10 images shown" in capsys.readouterr().err


def test_an_image_that_cannot_be_decoded_is_named(masks: Path, tmp_path: Path, capsys) -> None:
    """One that claims billions of pixels, one that ends after its header: in the form that pages read images in."""
    for name, damage in (("huge", huge), ("cut", lambda data: data[:200])):
        root = tmp_path / name
        for image in images_of("50", "validation"):
            path = root / "val" / image.imagenet_wnid / f"{image.image_id}.JPEG"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(damage(image_bytes(image.image_id)))
        where = ["--predict-dir", str(masks / "right"), "--gt-dir", str(masks / "right"), "--config", "50"]
        page = tmp_path / f"{name}.html"
        assert main(["evaluate", *where, "--workers", "1", "--report", str(page), "--images", str(root)]) == 1
        assert re.search(rf"{root}: ILSVRC2012_val_\d+(:| is) damaged \(.+\); fetch it again", capsys.readouterr().err)
        assert not page.exists()


def huge(data: bytes) -> bytes:
    """The same JPEG (or PNG) whose header claims 60,000 x 60,000 pixels."""
    changed = bytearray(data)
    for marker, start, _ in jpeg_segments(data) if data.startswith(JPEG) else ():
        if marker in FRAMES:
            changed[start + 1 : start + 5] = struct.pack(">HH", 60_000, 60_000)
    if data.startswith(PNG):
        changed[16:24] = struct.pack(">II", 60_000, 60_000)
        changed[29:33] = struct.pack(">I", zlib.crc32(changed[12:29]))
    return bytes(changed)


def test_images_need_a_report_and_masks(masks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--predict-dir", str(masks / "predictions"), "--gt-dir", str(masks / "references"), "--config", "50"]
    assert main(["evaluate", *where, "--images", "x"]) == 1
    assert "--report FILE.html" in capsys.readouterr().err
    assert main(["evaluate", *where, "--report", str(tmp_path / "r.html"), "--images", str(tmp_path / "no")]) == 1
    assert "no" in capsys.readouterr().err
    assert not (tmp_path / "r.html").exists()


def test_clusters_without_a_class_are_no_class() -> None:
    ids = matched_ids(np.array([[0, 5], [7, 65535]]), {0: 0, 5: 2})
    assert ids.tolist() == [[0, 2], [NO_CLASS, NO_CLASS]]
    assert len(set(class_color(NO_CLASS))) == 1, "grey"


def test_an_image_without_prediction_is_drawn_as_other(masks: Path, tmp_path: Path) -> None:
    copy = tmp_path / "predictions"
    for path in sorted((masks / "predictions").rglob("*.png"))[1:]:
        target = copy / path.relative_to(masks / "predictions")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    gone = sorted((masks / "predictions").rglob("*.png"))[0]
    where = ["--predict-dir", str(copy), "--gt-dir", str(masks / "references"), "--config", "50"]
    page = tmp_path / "report.html"
    options = ["--on-missing", "empty", "--matching", "hungarian", "--workers", "1", "--report", str(page)]
    assert main(["evaluate", *where, *options]) == 0
    figures = {what: data for data, what, name in FIGURE.findall(page.read_text()) if Path(name).stem == gone.stem}
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(figures["prediction"]))))
    assert np.ptp(pixels) < 12, "one pale ground"
    assert read_mask(gone).any()


@pytest.fixture(scope="module")
def two_runs(masks: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Saved counts of the clusters, as a.npz, and of the right predictions, as b.npz."""
    root = tmp_path_factory.mktemp("runs")
    for name, folder in (("a", "predictions"), ("b", "right")):
        where = ["--predict-dir", str(masks / folder), "--gt-dir", str(masks / "references"), "--config", "50"]
        where += ["--matching", "hungarian", "--workers", "1"]
        assert main(["evaluate", *where, "--save-counts", str(root / f"{name}.npz")]) == 0
    return root


def test_two_runs_side_by_side(
    two_runs: Path,
    masks: Path,
    miniature: Callable[[str], Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The images that differ most, with image, reference and both predictions, and the IoU of every class."""
    page = tmp_path / "both.html"
    places = ["--gt-dir", str(masks / "references"), "--images", str(miniature("folders"))]
    places += ["--predict-dir", str(masks / "predictions"), str(masks / "right")]
    runs = [str(two_runs / "a.npz"), str(two_runs / "b.npz"), "--matching", "hungarian", "none"]
    assert main(["compare", *runs, "--resamples", "20", "--report", str(page), *places]) == 0
    text = page.read_text(encoding="utf-8")
    pictures: dict[str, dict[str, np.ndarray]] = {}
    for data, what, name in FIGURE.findall(text):
        picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))).astype(int)
        pictures.setdefault(Path(unescape(name)).stem, {})[what] = picture
    assert len(pictures) == 4, "A is better nowhere"
    for image_id, shown in pictures.items():
        assert list(shown) == ["image", "reference", "a", "b"]
        assert (np.abs(shown["b"] - shown["reference"]).max(axis=-1) < 60).mean() > 0.8, "all but the ignored pixels"
        assert np.abs(shown["a"] - shown["b"]).mean() > 1
        original = Image.open(io.BytesIO(image_bytes(image_id))).convert("RGB").resize(shown["image"].shape[1::-1])
        assert np.abs(shown["image"] - np.asarray(original)).mean() < 8

    a, b = (MatchedIoU.load(two_runs / f"{name}.npz") for name in "ab")
    ious = [run.compute(one)["per_category_iou"] for run, one in ((a, "hungarian"), (b, "none"))]
    held = {0} | {i for ids in b.per_image()["classes"] for i in ids}
    rows = re.findall(
        r'<th scope="row">([^<]+)</th>\s*<td class="value">([^<]+)</td>\s*<td class="value">([^<]+)', text
    )
    names = categories("50").names
    expected = [(names[i], percent(ious[0][i]), percent(ious[1][i])) for i in sorted(held)]
    assert [(unescape(name), one, other) for name, one, other in rows[-len(held) :]] == expected
    turned = [*places[:-2], *places[:-3:-1]]
    page.unlink()
    assert main(["compare", *runs, "--report", str(page), *turned]) == 1
    assert re.search(r"--predict-dir \S+/right has mean_iou [\d.]+ on \S+, \S+a.npz says", capsys.readouterr().err)
    assert not page.exists()
    places[1] = str(masks / "predictions" / "n02110341")
    assert main(["compare", *runs, "--report", str(page), *places]) == 1


@pytest.mark.parametrize("left_out", ["--report", "--gt-dir", "--predict-dir"])
def test_pictures_of_two_runs_need_page_and_masks(
    two_runs: Path, masks: Path, tmp_path: Path, left_out: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = {"--report": [str(tmp_path / "p.html")], "--gt-dir": [str(masks / "references")], "--images": ["x"]}
    given["--predict-dir"] = [str(masks / "predictions")] * 2
    arguments = [item for name, values in given.items() if name != left_out for item in (name, *values)]
    assert main(["compare", str(two_runs / "a.npz"), str(two_runs / "b.npz"), *arguments]) == 1
    assert "--report FILE.html --gt-dir G --predict-dir A B" in capsys.readouterr().err
    assert not (tmp_path / "p.html").exists()
