"""Every seeded fault is found, in the share of images that have it; right loaders are called right."""

import json
import re
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import loaders
import numpy as np
import PIL.Image
import pytest

import imagenet_s
from imagenet_s.cli.main import main
from imagenet_s.conversion import check_loader
from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.loader_check import FAULTS, LoaderReport
from imagenet_s.conversion.loader_check.import_loader import load_dataset_object
from imagenet_s.conversion.synthetic import IMAGES, ExpectedRow, expected_rows

Layout = Callable[[str], Path]
ROWS = expected_rows("919", "validation")


def ids_of(row: ExpectedRow) -> Any:
    assert row.ids is not None
    return row.ids


def share(holds: Callable[[ExpectedRow], bool]) -> set[str]:
    """The images for which something holds."""
    return {row.image_id for row in ROWS if holds(row)}


EVERY = share(lambda row: True)
IGNORED = share(lambda row: (ids_of(row) == 1000).any())
ABOVE_255 = share(lambda row: ((ids_of(row) > 255) & (ids_of(row) < 1000)).any())
FOLDER = share(lambda row: IMAGES[row.image_id].imagenet_wnid != row.wnid)
# What `ImageOps.exif_transpose` turns: that it reads XMP of JPEGs is new in Pillow 11.
TURNED = ("orientation6", "orientation6_xmp")[: 1 + (int(PIL.__version__.split(".")[0]) >= 11)]
SIDEWAYS = share(lambda row: IMAGES[row.image_id].kind in TURNED)


def report_of(miniature: Layout, name: str, gt_dir: Path | None = None, **options: Any) -> LoaderReport:
    tree = miniature("tree-919")
    arguments = {"imagenet": str(miniature("folders"))} if name.startswith("ImageNetFolders") else {}
    dataset = load_dataset_object(f"loaders:{name}", {"root": str(tree), **arguments})
    return check_loader(dataset, gt_dir or tree / "ImageNetS919", "919", **options)


@pytest.mark.parametrize("with_images", [False, True])
@pytest.mark.parametrize(
    "name",
    [
        *("Right", "Tuples", "Grey16", "OfficialRgb", "Paths", "Stream", "MasksAlone", "MaskAndItsPath"),
        *("Squashed", "Cropped", "OnlyImagesResized", "IgnoreMinus", "OwnClass", "ImageNetLabels"),
    ],
)
def test_right_loaders(miniature: Layout, name: str, with_images: bool) -> None:
    report = report_of(miniature, name, imagenet=miniature("folders") if with_images else None)
    assert report.findings == ()
    assert report.right
    assert report.images == len(ROWS)


@pytest.mark.parametrize("config", ["50", "300", "919"])
def test_the_data_set_of_this_package(miniature: Layout, annotations: Path, config: str) -> None:
    options: dict[str, Any] = {"data_dir": str(miniature("folders")), "annotations_dir": str(annotations)}
    for streaming in (False, True):
        rows = imagenet_s.load_dataset(config, split="val", streaming=streaming, verify=False, **options)
        report = check_loader(rows, annotations, config, imagenet=miniature("folders"))
        assert (report.findings, report.notes) == ((), ())
        assert report.images == len(expected_rows(config, "validation"))


@pytest.mark.parametrize(
    ("name", "key"),
    [
        *(("Right", None), ("OwnClass", None), ("AboveZero", "ignored-as-object"), ("Clamped", "shifted-clamped")),
        *(("Shifted", "shifted"), ("Grey", "grey"), ("GreatestId", "label")),
    ],
)
def test_small_ids(miniature: Layout, monkeypatch: pytest.MonkeyPatch, name: str, key: str | None) -> None:
    """In 50 a mask of 0 and 1 may hold the class 1, and shifted ids are classes, too."""
    monkeypatch.setattr(loaders, "CONFIG", "50")
    monkeypatch.setattr(loaders, "TABLE", imagenet_s.categories("50"))
    report = check_loader(getattr(loaders, name)(str(miniature("tree-50"))), miniature("tree-50"), "50")
    assert [finding.fault.key for finding in report.findings] == ([key] if key else [])


FOUND: dict[str, tuple[str, set[str] | int]] = {
    "MasksOfNeighbours": ("pairing", EVERY),
    "ImageNetFolders": ("missing-by-folder", FOLDER),
    "ImageNetFoldersAlone": ("missing-by-folder", FOLDER),
    "SomeMissing": ("missing", 2),
    "MaskTransposed": ("mask-turned", -1),
    "MaskUpsideDown": ("mask-turned", -1),
    "MaskFlipped": ("mask-turned", -1),
    "Grey": ("grey", EVERY),
    "GreyAndItsPath": ("grey", EVERY),
    "GreySquashed": ("grey", EVERY),
    "RedAlone": ("red-only", ABOVE_255),
    "Clipped": ("clipped", ABOVE_255),
    "Bgr": ("blue-for-red", -1),
    "Swapped": ("swapped", EVERY),
    "Bilinear": ("interpolated", EVERY),
    "BilinearFloat": ("interpolated", EVERY),
    "AboveZero": ("ignored-as-object", IGNORED),
    "BilinearAboveZero": ("ignored-as-object", IGNORED),
    "Ignored255": ("ignored-as-class", IGNORED),
    "Ignored0": ("ignored-as-other", IGNORED),
    "Shifted": ("shifted", EVERY),
    "Reduced": ("shifted", EVERY),
    "Clamped": ("shifted-clamped", EVERY),
    "Reordered": ("classes-in-another-order", EVERY),
    "GreatestId": ("label", share(lambda row: ids_of(row).max() != row.category)),
    "WrongLabels": ("label", 6),
    "Fails": ("raises", len(ROWS)),
}


@pytest.mark.parametrize("name", FOUND)
def test_seeded_faults(miniature: Layout, annotations: Path, name: str) -> None:
    key, images = FOUND[name]
    # The lists are there, too: they say the folders of ImageNet.
    report = report_of(miniature, name, gt_dir=annotations if name.startswith("ImageNetFolders") else None)
    findings = {finding.fault.key: finding for finding in report.findings}
    assert key in findings, findings
    assert len(findings) <= 2, "and hardly anything besides"
    finding = findings[key]
    if isinstance(images, set):
        assert images
        assert finding.images == len(images)
        assert set(finding.examples) <= images
        assert finding.share == pytest.approx(len(images) / len(ROWS))
    elif images >= 0:
        assert finding.images == images


@pytest.mark.parametrize(
    ("name", "key", "images"),
    [
        ("Rotated", "orientation", SIDEWAYS),
        ("CropsTheImageAlone", "image-and-mask-differ", None),
        ("CropsTheMaskAlone", "image-and-mask-differ", None),
    ],
)
def test_faults_of_images(miniature: Layout, name: str, key: str, images: set[str] | None) -> None:
    report = report_of(miniature, name, imagenet=miniature("folders"))
    assert {finding.fault.key for finding in report.findings} == {key}
    if images is not None:
        assert images
        assert report.findings[0].images == len(images)
    else:
        square = share(lambda row: ids_of(row).shape[0] == ids_of(row).shape[1])
        assert report.findings[0].images == len(EVERY - square)


def test_orientation_is_seen_by_sizes_alone(miniature: Layout) -> None:
    assert {finding.fault.key for finding in report_of(miniature, "Rotated").findings} == {"orientation"}


@pytest.mark.skipif(int(np.__version__.split(".")[0]) < 2, reason="an error since NumPy 2")
def test_overflow(miniature: Layout) -> None:
    (finding,) = report_of(miniature, "Overflows").findings
    assert (finding.fault.key, finding.images) == ("overflow", len(ROWS))
    assert "astype(np.int32)" in finding.fault.mend


def test_a_declared_ignored_id(miniature: Layout) -> None:
    assert report_of(miniature, "IgnoreMinus", ignore_id=-100).right
    (finding,) = report_of(miniature, "IgnoreMinus", ignore_id=-1).findings
    assert finding.fault.key == "ignored-otherwise"
    assert not report_of(miniature, "Ignored255", ignore_id=255).right, "255 is a class of 919"


def test_another_order_without_ids(miniature: Layout) -> None:
    """The masks tell whose they are."""
    report = report_of(miniature, "AnotherOrder")
    assert report.right
    assert "their masks tell whose they are" in report.notes[0]


@pytest.mark.parametrize("name", ["Palette", "AdaptivePalette", "Enumerated"])
def test_unusual_faults_are_not_called_right(miniature: Layout, name: str) -> None:
    assert not report_of(miniature, name).right


def test_scaled(miniature: Layout) -> None:
    keys = {finding.fault.key for finding in report_of(miniature, "GreyScaled").findings}
    assert keys == {"scaled", "grey"}


def test_no_official_masks(miniature: Layout, tmp_path: Path) -> None:
    dataset = loaders.Right(str(miniature("tree-919")))
    with pytest.raises(ImageNetSError, match="no such folder, zip or data set"):
        check_loader(dataset, tmp_path / "gone", "919")
    with pytest.raises(ImageNetSError, match="holds no PNG"):
        check_loader(dataset, tmp_path, "919")


def test_a_stream_of_paths_to_a_damaged_mask(miniature: Layout, tmp_path: Path) -> None:
    """A path that can't be decoded is a fault of that item, in a stream as in a list."""
    path = tmp_path / "ILSVRC2012_val_00000206.png"
    PIL.Image.new("L", (4, 4)).save(path)
    data = bytearray(path.read_bytes())
    data[16:24] = struct.pack(">II", 60_000, 60_000)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    path.write_bytes(data)
    report = check_loader(iter([{"mask": str(path)}]), miniature("tree-919") / "ImageNetS919")
    assert any(
        finding.fault.key == "raises" and "DecompressionBombError" in finding.detail for finding in report.findings
    )


@pytest.mark.parametrize(
    "text",
    ["raise KeyError('root')", "def broken(:", "raise ZeroDivisionError", "import sys\nsys.setrecursionlimit('x')"],
)
def test_a_file_that_cannot_be_imported_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "data.py").write_text(text)
    with pytest.raises(ImageNetSError, match=r"data\.py cannot be imported \((KeyError|SyntaxError|Zero|TypeError)"):
        load_dataset_object(f"{tmp_path}/data.py:ImageNetS")


def test_what_a_data_set_raises_is_escaped(miniature: Layout, tmp_path: Path, capsys) -> None:
    """Its message may hold the name of a file: nothing of it reaches the terminal as a command."""
    text = r"raise ValueError('\x1b[2J\x9b1m\u202e\udce9')"
    (tmp_path / "data.py").write_text(f"class D(list):\n    def __getitem__(self, i):\n        {text}\n\nD = D([0])\n")
    gt_dir = miniature("tree-919") / "ImageNetS919"
    assert main(["check-loader", f"{tmp_path}/data.py:D", "--gt-dir", str(gt_dir), "--json", f"{tmp_path}/j"]) == 1
    out, err = capsys.readouterr()
    assert "ValueError" in out
    assert all(character.isprintable() or character == "\n" for character in out + err)
    assert (tmp_path / "j").read_bytes().isascii()


def test_some_of_the_images(miniature: Layout) -> None:
    report = report_of(miniature, "SomeMissing", limit=4)
    assert report.images == 4
    assert [finding.fault.key for finding in report.findings] == ["missing"], "the list of paths says so"
    assert report_of(miniature, "Stream", limit=4).right


def test_keys(miniature: Layout) -> None:
    assert report_of(miniature, "Right", mask_key="mask", image_key="image", id_key="image_id").right
    assert report_of(miniature, "Tuples", mask_key=1, image_key=0).right


def test_every_fault_is_seeded() -> None:
    """Each kind that is looked for has a loader that has it, and says how it is mended."""
    elsewhere = {"orientation", "image-and-mask-differ", "overflow", "ignored-otherwise", "scaled", "no-mask"}
    rare = {"extra", "twice", "zero", "other-ids", "ids-merged", "other-as-ignored", "labels-of-imagenet"}
    assert {key for key, _ in FOUND.values()} | elsewhere | rare == set(FAULTS)
    assert all(fault.mend and fault.text.endswith(".") for fault in FAULTS.values())


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (lambda paths: [*paths, paths[0]], "twice"),
        (lambda paths: [*paths, paths[0].with_name("ILSVRC2012_val_00050000.JPEG")], "extra"),
    ],
)
def test_too_many(miniature: Layout, change: Callable[[list[Path]], list[Path]], key: str) -> None:
    class TooMany(loaders.Right):
        def find(self) -> list[Path]:
            return change(super().find())

        def __getitem__(self, index: int) -> Any:
            path = self.paths[index]
            return {"mask": self.mask(self.paths[0] if "50000" in path.stem else path), "image_id": path.stem}

    tree = miniature("tree-919")
    report = check_loader(TooMany(str(tree)), tree, "919")
    assert [(finding.fault.key, finding.images) for finding in report.findings] == [(key, 1)]


@pytest.mark.parametrize(("value", "key"), [(lambda mask: mask * 0, "zero"), (lambda mask: mask * 7 % 9, "ids-merged")])
def test_rare_ids(miniature: Layout, value: Callable[[Any], Any], key: str) -> None:
    class Rare(loaders.Right):
        def mask(self, path: Path) -> Any:
            return value(super().mask(path))

    tree = miniature("tree-919")
    assert key in {finding.fault.key for finding in check_loader(Rare(str(tree)), tree, "919").findings}


def test_the_command(miniature: Layout, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    tree, here = miniature("tree-919"), Path(loaders.__file__)
    monkeypatch.chdir(here.parent)
    monkeypatch.setattr(sys, "path", list(sys.path))
    options = [
        "--gt-dir",
        str(tree),
        "--imagenet",
        str(miniature("folders")),
        "--kwargs",
        json.dumps({"root": str(tree)}),
    ]
    assert main(["check-loader", "loaders:Right", *options]) == 0
    assert capsys.readouterr().out == f"{len(ROWS)} items, masks and images compared: right.\n"
    assert main(["check-loader", f"{here}:Grey", *options, "--json", "-"]) == 1
    result = json.loads(capsys.readouterr().out)
    assert (result["right"], result["not_compared"]) == (False, [])
    assert [finding["fault"] for finding in result["findings"]] == ["grey"]
    assert "rgb[..., 0] + 256 * rgb[..., 1]" in result["findings"][0]["mend"]
    for address, message in (
        ("loaders", "expected MODULE:DATASET"),
        ("loaders:Gone", "loaders has no Gone; it has"),
        ("loaders:TABLE.id_of", "cannot be called so"),
        ("loaders:np.pi", "is a float: expected a Dataset"),
        ("gone.py:Right", "no such file"),
        ("loaders:ImageNetFolders", "cannot be called so"),
    ):
        assert main(["check-loader", address, *options]) == 1
        assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("source", "what"),
    [
        (b'NAME = "caf\xe9"\n', "SyntaxError"),
        ("class Data: ...".encode("utf-16"), "SyntaxError"),
        (b"ROOT = {}['root']\n", "KeyError: 'root'"),
    ],
)
def test_a_module_that_cannot_be_imported(
    source: bytes, what: str, miniature: Layout, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    """Text in another encoding, or code that fails: one line, and no traceback of somebody's file."""
    (tmp_path / "mine.py").write_bytes(source)
    assert main(["check-loader", f"{tmp_path / 'mine.py'}:Data", "--gt-dir", str(miniature("tree-919"))]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "mine.py cannot be imported (" in line
    assert what in line


@pytest.mark.torch
def test_torch(miniature: Layout) -> None:
    import torch

    class Tensors(loaders.Right, torch.utils.data.Dataset):
        def __getitem__(self, index: int) -> Any:
            path = self.paths[index]
            image = torch.from_numpy(np.array(self.image(path))).permute(2, 0, 1)
            label = torch.tensor(loaders.TABLE.id_of(path.parent.name))
            return image, torch.from_numpy(self.mask(path)).long()[None], label

    tree = miniature("tree-919")
    report = check_loader(Tensors(str(tree)), tree, "919", imagenet=miniature("folders"))
    assert (report.findings, report.notes) == ((), ())


def test_the_page_shows_what_is_printed(miniature: Layout, capsys: pytest.CaptureFixture) -> None:
    tree, script = str(miniature("tree-919")), str(Path(loaders.__file__))
    assert main(["check-loader", f"{script}:Grey", "--gt-dir", tree, "--kwargs", json.dumps({"root": tree})]) == 1
    page = (Path(imagenet_s.__file__).parent / "docs" / "check-loader.md").read_text(encoding="utf-8")
    assert f"```text\n{capsys.readouterr().out}```" in page
    named = set(re.findall(r"`([a-z-]+)`", page.split("## What is found")[1].split("## What is right")[0]))
    assert set(FAULTS) <= named
