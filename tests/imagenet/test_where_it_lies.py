"""ImageNet where people have it: levels more or less, other names, two forms side by side; and what is said else."""

import io
import os
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.dataset.source import open_source
from imagenet_s.conversion.imagenet.detect import open_imagenet
from imagenet_s.conversion.imagenet.image_reader import ImageReader
from imagenet_s.conversion.synthetic import image_bytes, images_of_imagenet, write_annotations

PARTS = {"train": "train", "validation": "val"}


@pytest.fixture
def copy(miniature: Callable[[str], Path], tmp_path: Path) -> Callable[[str], Path]:
    """A layout of the miniature, to change."""
    return lambda layout: Path(shutil.copytree(miniature(layout), tmp_path / layout, symlinks=True))


def ids_of(part: str) -> list[str]:
    return sorted(image.image_id for image in images_of_imagenet(PARTS[part]))


def assert_complete(root: Path, *parts: str) -> None:
    """Each image once, and its own bytes or a path to them."""
    imagenet = open_imagenet(root)
    for part in parts or PARTS:
        assert_reads(imagenet.reader(part), ids_of(part))


def assert_reads(reader: ImageReader, expected: list[str]) -> None:
    rows = reader.index()
    assert sorted(rows["image_id"].to_pylist()) == expected
    ids = iter(rows["image_id"].to_pylist())
    for images in reader.read(rows, 7):
        for image in images.to_pylist():
            data = Path(image["path"]).read_bytes() if image["bytes"] is None else image["bytes"]
            assert data == image_bytes(next(ids))
    assert next(ids, None) is None


def below(root: Path, path: str) -> None:
    """Move what is in a folder into a folder below it."""
    names = os.listdir(root)
    (root / path).mkdir(parents=True)
    for name in names:
        (root / name).rename(root / path / name)


@pytest.mark.parametrize("around", ["x", "my data/ILSVRC2012", "imagenet/ILSVRC2012", "Ilsvrc/DATA/cls-loc", "a/b"])
def test_levels_around_it(around: str, copy: Callable[[str], Path]) -> None:
    root = copy("flat")
    below(root, around)
    assert_complete(root)


@pytest.mark.parametrize(("train", "val"), [("train/train", "val/val"), ("train/images", "val/ILSVRC2012_img_val")])
def test_a_level_more_in_the_parts(train: str, val: str, copy: Callable[[str], Path]) -> None:
    root = copy("folders")
    for part, path in (("train", train), ("val", val)):
        below(root / part, path.split("/")[1])
    assert_complete(root)


def test_some_classes_a_level_deeper(copy: Callable[[str], Path]) -> None:
    root = copy("folders")
    (root / "train" / "train").mkdir()
    for folder in sorted((root / "train").glob("n*"))[::2]:
        folder.rename(root / "train" / "train" / folder.name)
    assert_complete(root)


@pytest.mark.parametrize("names", [("Train", "VAL"), ("TRAIN", "Validation"), ("ILSVRC2012_img_train", "valid")])
def test_names_of_the_parts(names: tuple[str, str], copy: Callable[[str], Path]) -> None:
    root = copy("folders")
    for old, new in zip(("train", "val"), names):
        (root / old).rename(root / new)
    assert_complete(root)


def test_links_to_the_parts(copy: Callable[[str], Path], tmp_path: Path) -> None:
    root = copy("folders")
    (tmp_path / "elsewhere").mkdir()
    (root / "train").rename(tmp_path / "elsewhere" / "t")
    (root / "train").symlink_to(tmp_path / "elsewhere" / "t", target_is_directory=True)
    assert_complete(root)


def test_names_in_upper_case(copy: Callable[[str], Path]) -> None:
    root = copy("folders")
    for number, path in enumerate(sorted(root.rglob("*.JPEG"))):
        path.rename(path.with_name((path.name.upper(), path.name.lower(), f"{path.stem.upper()}.jpg")[number % 3]))
    for folder in sorted((root / "train").iterdir())[::2]:
        folder.rename(folder.with_name(folder.name.upper()))
    assert_complete(root)


def test_validation_in_both_forms(copy: Callable[[str], Path]) -> None:
    root = copy("folders")
    for folder in sorted((root / "val").iterdir())[::2]:
        for path in folder.iterdir():
            path.rename(root / "val" / path.name)
    assert_complete(root)


def test_classes_at_the_top_beside_val(copy: Callable[[str], Path]) -> None:
    root = copy("folders")
    for folder in list((root / "train").iterdir()):
        folder.rename(root / folder.name)
    (root / "train").rmdir()
    assert_complete(root)


def test_class_tars_in_the_folders_of_their_classes(copy: Callable[[str], Path]) -> None:
    root = copy("class-tars")
    for tar in sorted((root / "train").glob("*.tar"))[1::2]:
        (root / "train" / tar.stem).mkdir()
        tar.rename(root / "train" / tar.stem / tar.name)
    assert_complete(root)


@pytest.mark.parametrize("where", ["train", "tars"])
def test_tars_in_a_folder(where: str, copy: Callable[[str], Path]) -> None:
    root = copy("tars")
    (root / where).mkdir()
    (root / "ILSVRC2012_img_train.tar").rename(root / where / "ilsvrc2012_img_train.TAR")
    assert_complete(root)


def test_classes_that_are_still_tars(miniature: Callable[[str], Path]) -> None:
    """What is unpacked is read as files, the rest from the tars; of the class that is half done, each image once."""
    root = miniature("partly-unpacked")
    assert_complete(root)
    reader = open_imagenet(root).reader("train")
    assert "class folders at" in repr(reader)
    assert "a tar a class at" in repr(reader)
    pieces = {piece.layout: rows["image_id"].to_pylist() for piece, rows in reader.pieces(reader.index())}
    assert sorted(pieces["class folders"]) == sorted(path.stem for path in (root / "train").glob("*/*.JPEG"))


@pytest.mark.parametrize("inside", [False, True])
def test_the_official_tar_beside_some_of_its_files(inside: bool, copy: Callable[[str], Path]) -> None:
    root = copy("tars")
    with tarfile.open(root / "ILSVRC2012_img_val.tar") as tar:
        for member in tar.getmembers()[:5]:
            (root / "val").mkdir(exist_ok=True)
            (root / "val" / member.name).write_bytes(tar.extractfile(member).read())
    if inside:
        (root / "ILSVRC2012_img_val.tar").rename(root / "val" / "ILSVRC2012_img_val.tar")
    assert_complete(root)


def test_the_hubs_tars_partly_unpacked(copy: Callable[[str], Path], miniature: Callable[[str], Path]) -> None:
    root = copy("hub-tars")
    (root / "data" / "train_images_0.tar.gz").unlink()
    shutil.copytree(miniature("hub-tars-extracted") / "data" / "train_images_0", root / "data" / "train_images_0")
    assert_complete(root)
    reader = open_imagenet(root).reader("train")
    rows = reader.index()
    assert_reads(reader, ids_of("train"))
    ordered = reader.storage_order(rows, mixed=True)
    cut = reader.cut(ordered, 4)
    assert sorted(item for piece in cut for item in piece["image_id"].to_pylist()) == ids_of("train")


def test_kaggle_partly_moved(copy: Callable[[str], Path]) -> None:
    root = copy("kaggle")
    (root / "train").mkdir()
    for folder in sorted((root / "ILSVRC/Data/CLS-LOC/train").iterdir())[::2]:
        folder.rename(root / "train" / folder.name)
    assert_complete(root)


@pytest.mark.parametrize("there", ["ILSVRC/Data", "ILSVRC", "ILSVRC/Data/CLS-LOC", "..", "../.."])
def test_any_folder_of_kaggles(there: str, miniature: Callable[[str], Path], tmp_path: Path) -> None:
    root = tmp_path / "around" / "kaggle"
    root.parent.mkdir()
    root.symlink_to(miniature("kaggle"))
    assert_complete(Path(os.path.normpath(root / there)))


@pytest.mark.parametrize("given", ["datasets--ILSVRC--imagenet-1k", "..", "snapshots", "refs less"])
def test_the_cache_of_the_hub(given: str, copy: Callable[[str], Path]) -> None:
    root = copy("hub-cache")
    older = root / "snapshots" / "0000"
    shutil.copytree(next((root / "snapshots").iterdir()), older, symlinks=True)
    next(older.rglob("train-*")).unlink()
    os.utime(older, (1, 1))
    if given == "refs less":
        shutil.rmtree(root / "refs")
    if given == "snapshots":
        shutil.rmtree(older)
        root = root / "snapshots"
    assert_complete(root.parent if given == ".." else root)


def test_what_should_be_called_train(copy: Callable[[str], Path], tmp_path: Path) -> None:
    """Nothing to advise: there is no folder above that holds both, so it is taken for what it is."""
    (copy("folders") / "train").rename(tmp_path / "x")
    assert_complete(tmp_path / "x", "train")
    with pytest.raises(ImageNetSError, match=r"x holds class folders at .*x, but no validation images: expected val/"):
        open_imagenet(tmp_path / "x").reader("validation")


@pytest.mark.parametrize(
    ("layout", "inner"),
    [("folders", "train"), ("flat", "val"), ("kaggle", "ILSVRC/Data/CLS-LOC/val"), ("class-tars", "train")],
)
def test_advice_is_followed(layout: str, inner: str, miniature: Callable[[str], Path]) -> None:
    folder = miniature(layout) / inner
    with pytest.raises(ImageNetSError, match=r"looks like the train/ or val/ folder .*above it, (.*), which") as error:
        open_imagenet(folder)
    assert_complete(Path(str(error.value).split("above it, ")[1].split(", which")[0]))


@pytest.mark.parametrize("layout", ["class-tars", "partly-unpacked"])
def test_class_tars_that_should_be_called_train(layout: str, copy: Callable[[str], Path], tmp_path: Path) -> None:
    """As the official training tar unpacks itself into the folder that it is in."""
    (copy(layout) / "train").rename(tmp_path / "ILSVRC2012")
    assert_complete(tmp_path / "ILSVRC2012", "train")


def test_two_copies_are_not_mixed(copy: Callable[[str], Path]) -> None:
    root = copy("folders")
    below(root, "full size")
    shutil.copytree(root / "full size", root / "small")
    with pytest.raises(ImageNetSError, match=r"holds train images in several folders, .*full size, .*small: name"):
        open_imagenet(root)
    assert_complete(root / "small")
    # A part that is clear is read nevertheless.
    shutil.move(root / "small" / "val", root / "val")
    assert_complete(root, "validation")
    with pytest.raises(ImageNetSError, match="holds train images in several folders"):
        open_imagenet(root).reader("train")


@pytest.mark.parametrize("where", ["", "ImageNetS50"])
@pytest.mark.parametrize("layout", ["folders", "tars", "kaggle"])
def test_annotations_extracted_beside_it(layout: str, where: str, copy: Callable[[str], Path], tmp_path: Path) -> None:
    """Masks alone are no official tree, and must not hide the images beside them."""
    root = copy(layout)
    write_annotations(tmp_path / "annotations", "extracted")
    for folder in (tmp_path / "annotations" / "ImageNetS50").iterdir():
        shutil.copytree(folder, root / where / folder.name)
    source = open_source("50", root, tmp_path / "annotations", verify=False)
    for part, split in zip(PARTS, ("train", "validation")):
        assert sorted(source.reader(split).index()["image_id"].to_pylist()) == ids_of(part)


def test_what_is_in_the_folders_is_said(tmp_path: Path) -> None:
    (tmp_path / "train" / "n01440764").mkdir(parents=True)
    (tmp_path / "val").mkdir()
    (tmp_path / "val" / "images.lst").touch()
    (tmp_path / "val" / "gone").symlink_to(tmp_path / "nowhere")
    with pytest.raises(ImageNetSError) as error:
        open_imagenet(tmp_path)
    assert "it holds train, val; train holds n01440764; val holds gone (a broken link), images.lst" in str(error.value)


def test_a_part_that_is_there_and_empty_is_said(copy: Callable[[str], Path]) -> None:
    root = copy("folders")
    shutil.rmtree(root / "val")
    (root / "val" / "n01440764").mkdir(parents=True)
    with pytest.raises(ImageNetSError, match=r"no validation images.*val holds n01440764\."):
        open_imagenet(root).reader("validation")


def test_parquet_without_paths(copy: Callable[[str], Path]) -> None:
    root = copy("parquet")
    for path in root.rglob("validation-*.parquet"):
        table = pq.read_table(path)
        rows = [{"bytes": item["bytes"], "path": None} for item in table["image"].to_pylist()]
        pq.write_table(table.set_column(0, "image", pa.array(rows, table["image"].type)), path)
    with pytest.raises(ImageNetSError, match=r"36 of 36 images in Parquet files .*no official name \(the column image"):
        open_imagenet(root).reader("validation").index()
    assert_complete(root, "train")


@pytest.mark.parametrize("change", ["bytes alone", "another name", "no path"])
def test_parquet_with_another_column_of_images(change: str, copy: Callable[[str], Path]) -> None:
    root = copy("parquet")
    for path in root.rglob("validation-*.parquet"):
        image, label = pq.read_table(path)["image"].combine_chunks(), pq.read_table(path)["label"]
        data = image.field("bytes")
        columns = {
            "bytes alone": {"image": data},
            "another name": {"img": image},
            "no path": {"image": pa.StructArray.from_arrays([data], ["bytes"])},
        }[change]
        pq.write_table(pa.table({**columns, "label": label}), path)
    what = {"bytes alone": "is binary", "another name": "has the columns img, label", "no path": "is struct<bytes"}[
        change
    ]
    with pytest.raises(ImageNetSError, match=rf"no column image of bytes and path, .*{what}.*which mask belongs"):
        open_imagenet(root).reader("validation").index()


def test_parquet_and_tars_with_other_names(copy: Callable[[str], Path], caplog: pytest.LogCaptureFixture) -> None:
    root = copy("webdataset")
    tars = sorted(root.glob("*validation*.tar"))
    for number, path in enumerate(tars):
        with tarfile.open(path) as tar:
            members = [(item, tar.extractfile(item).read()) for item in tar.getmembers() if item.name.endswith(".jpg")]
        with tarfile.open(path, "w") as tar:
            for i, (member, data) in enumerate(members):
                member.name = f"\x1b[2J{i}.jpg" if number == 0 else member.name
                tar.addfile(member, io.BytesIO(data))
    reader = open_imagenet(root).reader("validation")
    assert 0 < reader.index().num_rows < 36
    assert "images in WebDataset tars" in caplog.text
    assert "have no official name ('\\x1b[2J" in caplog.text.replace("\\\\", "\\")
    assert "\x1b" not in caplog.text
    tars[1].unlink()
    with pytest.raises(ImageNetSError, match="no official name"):
        open_imagenet(root).reader("validation").index()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may list everything")
def test_a_folder_that_may_not_be_listed(copy: Callable[[str], Path]) -> None:
    root = copy("folders")
    (root / "val").chmod(0)
    try:
        with pytest.raises(ImageNetSError, match=r"val can't be listed \(Permission denied\)"):
            open_imagenet(root)
    finally:
        (root / "val").chmod(0o755)


@pytest.mark.parametrize("closed", ["every class", "a class"])
def test_class_folders_that_may_not_be_listed(
    closed: str, copy: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of all: not "no images". Of one: named once somebody asks for the part; the other part is not affected."""
    root = copy("folders")
    names = {path.name for path in (root / "train").iterdir()}
    names = names if closed == "every class" else {max(names)}

    def refused(path: str | os.PathLike[str]) -> None:
        if os.path.basename(path) in names and "train" in str(path):
            raise PermissionError(13, "Permission denied", path)

    with monkeypatch.context() as patch:
        for function in ("scandir", "listdir"):
            original = getattr(os, function)
            patch.setattr(os, function, lambda path=".", original=original: refused(path) or original(path))
        with pytest.raises(ImageNetSError, match=r"/train/n\d+ can't be listed \(Permission denied\)"):
            open_imagenet(root).reader("train").index()
        if closed == "a class":
            assert len(open_imagenet(root).reader("validation").index())


@pytest.mark.parametrize("name", ["lost+found", ".Trashes", "$RECYCLE.BIN"])
@pytest.mark.parametrize("layout", ["folders", "flat"])
def test_a_part_that_is_a_volume_of_its_own(
    layout: str, name: str, copy: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What its file system keeps there is not listed, which only the system may."""
    root = copy(layout)
    for part in PARTS.values():
        (root / part / name).mkdir()

    def refused(path: str | os.PathLike[str]) -> None:
        if os.path.basename(path) == name:
            raise PermissionError(13, "Permission denied", path)

    with monkeypatch.context() as patch:
        for function in ("scandir", "listdir"):
            original = getattr(os, function)
            patch.setattr(os, function, lambda path=".", original=original: refused(path) or original(path))
        assert_complete(root)


def test_a_link_to_the_folder_itself(copy: Callable[[str], Path]) -> None:
    """Each image is there once, however many ways lead to it."""
    for layout in ("folders", "flat"):
        root = copy(layout)
        for part in PARTS.values():
            (root / part / "all").symlink_to(".", target_is_directory=True)
        assert_complete(root)


def test_a_part_that_cannot_be_listed_is_named(copy: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    imagenet = open_imagenet(copy("folders"))
    scandir = os.scandir

    def refuse(path: str) -> object:
        if os.path.basename(path) == "val":
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", refuse)
        with pytest.raises(ImageNetSError, match=r"/val can't be listed \(Permission denied\)"):
            imagenet.reader("validation").index()
