"""The builder: its names, its caches, its errors; an ImageNet that is incomplete or damaged."""

import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pytest
from datasets import load_dataset
from PIL import Image, ImageCms

import imagenet_s
from imagenet_s.conversion.synthetic import expected_rows, image_bytes

ROOT = Path(imagenet_s.__file__).parent
SRGB, LAB = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")


@pytest.fixture
def copy(miniature: Callable[[str], Path], tmp_path: Path) -> Path:
    """A miniature ImageNet of the test's own, to do damage to."""
    return Path(shutil.copytree(miniature("folders"), tmp_path / "imagenet"))


@pytest.fixture
def load(miniature: Callable[[str], Path], annotations: Path) -> Callable[..., Any]:
    """Loads a split of 50 from a folder or a layout of the miniature."""

    def run(source: Path | str = "folders", split: str = "validation", **options: object) -> Any:
        given = {"annotations_dir": annotations, "verify": False, **options}
        data_dir = miniature(source) if isinstance(source, str) else source
        return imagenet_s.load_dataset("50", data_dir=data_dir, split=split, **given)

    return run


def test_data_dir_is_asked_for() -> None:
    with pytest.raises(imagenet_s.ImageNetSError, match=r"data_dir=.*IMAGENET_S_DATA_DIR"):
        load_dataset("imagenet_s", "50")


def test_variables_stand_in_for_arguments(
    miniature: Callable[[str], Path], annotations: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMAGENET_S_DATA_DIR", str(miniature("folders")))
    monkeypatch.setenv("IMAGENET_S_ANNOTATIONS_DIR", str(annotations))
    loaded = load_dataset("imagenet_s", "50", split="test", verify=False)
    assert len(loaded) == len(expected_rows("50", "test"))


def test_two_spellings_share_a_cache(miniature: Callable[[str], Path], annotations: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(miniature("folders"))
    plain = imagenet_s.ImageNetS("50", data_dir=str(miniature("folders")), annotations_dir=str(annotations))
    linked = imagenet_s.ImageNetS("50", data_dir=f"{link}{os.sep}", annotations_dir=str(annotations) + os.sep)
    other = imagenet_s.ImageNetS("50", data_dir=str(miniature("flat")), annotations_dir=str(annotations))
    assert plain.cache_dir == linked.cache_dir != other.cache_dir


@pytest.mark.parametrize("options", [{"verify": False}, {"on_missing": "skip"}])
def test_what_is_asked_for_has_a_cache_of_its_own(options: dict[str, object], miniature: Callable[[str], Path]) -> None:
    """What was built leniently is not handed to somebody who asks for it strictly."""
    plain = imagenet_s.ImageNetS("50", data_dir=str(miniature("folders")))
    other = imagenet_s.ImageNetS("50", data_dir=str(miniature("folders")), **options)
    assert plain.cache_dir != other.cache_dir


@pytest.mark.parametrize(
    ("given", "split"),
    [("train-semi", "train_semi"), ("val", "validation"), ("val[:50%]", "validation"), ("test", "test")],
)
def test_official_spellings(given: str, split: str, load) -> None:
    loaded = load(split=given)
    names = {row.image_id for row in expected_rows("50", split)}
    assert set(loaded["image_id"][:]) <= names
    assert len(loaded) == (len(names) if "[" not in given else round(len(names) / 2))


def test_only_the_split_asked_for_is_built(load) -> None:
    loaded = load(split="val+train-semi")
    assert set(loaded.info.splits) == {"validation", "train_semi"}
    assert len(loaded) == len(expected_rows("50", "validation")) + len(expected_rows("50", "train_semi"))


def test_unknown_splits_and_policies(load) -> None:
    with pytest.raises(imagenet_s.ImageNetSError, match="has no split 'train_full'; it has train, train_semi"):
        load(split="train_full")
    with pytest.raises(imagenet_s.ImageNetSError, match="on_missing='ignore'"):
        load(on_missing="ignore")


def test_an_incomplete_imagenet(copy: Path, caplog: pytest.LogCaptureFixture, load) -> None:
    names = sorted(row.image_id for row in expected_rows("50", "validation"))
    gone = next(copy.rglob(f"{names[0]}.JPEG"))
    gone.unlink()
    message = (
        rf"validation: {len(names)} images expected, {len(names) - 1} found in .*"
        rf'first missing: {names[0]}; on_missing="skip" \(--on-missing skip\) leaves them out'
    )
    with pytest.raises(imagenet_s.ImageNetSError, match=message):
        load(copy)
    loaded = load(copy, on_missing="skip")
    assert sorted(loaded["image_id"][:]) == names[1:]
    assert names[0] in caplog.text, "what was skipped is reported"


def test_official_counts(miniature: Callable[[str], Path]) -> None:
    with pytest.raises(
        imagenet_s.ImageNetSError, match=r"train: 64,431 images expected, 52 found .*classes without images"
    ):
        imagenet_s.load_dataset("50", data_dir=miniature("folders"), split="train")


@pytest.mark.parametrize("damage", ["empty", "html", "cut"])
@pytest.mark.parametrize("streaming", [False, True])
def test_a_damaged_image_is_named(damage: str, streaming: bool, copy: Path, load) -> None:
    image_id = next(row.image_id for row in expected_rows("50", "validation"))
    path = next(copy.rglob(f"{image_id}.JPEG"))
    whole = path.read_bytes()
    path.write_bytes({"empty": b"", "html": b"<html>not found</html>", "cut": whole[: len(whole) // 2]}[damage])
    with pytest.raises(imagenet_s.ImageNetSError, match=rf"{image_id}.JPEG: .*fetch it again"):
        list(load(copy, streaming=streaming))


@pytest.mark.parametrize("layout", ["folders", "tars"])
def test_damage_is_found_by_building(layout: str, miniature: Callable[[str], Path], tmp_path: Path, load) -> None:
    """Before anything is trained or scored on it: nothing is decoded here."""
    root = Path(shutil.copytree(miniature(layout), tmp_path / layout))
    row = expected_rows("50", "validation")[0]
    stored = image_bytes(row.image_id)
    for file in (*root.rglob(f"{row.image_id}.JPEG"), *root.rglob("ILSVRC2012_img_val.tar")):
        # Bytes in the middle and the end marker are lost; the length, and so the tar, stays what it was.
        file.write_bytes(file.read_bytes().replace(stored, stored[: len(stored) // 2] + bytes(-(-len(stored) // 2))))
    with pytest.raises(imagenet_s.ImageNetSError, match=rf"{row.image_id}.*: damaged"):
        load(root)


def test_pixels_overwritten_in_between_are_not_noticed(copy: Path, load) -> None:
    """The limit of what the first and last bytes show; docs/loading.md says so."""
    row = expected_rows("50", "validation")[0]
    path = next(copy.rglob(f"{row.image_id}.JPEG"))
    half = len(image_bytes(row.image_id)) // 2
    path.write_bytes(path.read_bytes()[:half] + bytes(half) + b"\xff\xd9")
    assert row.image_id in load(copy)["image_id"][:]
    page = " ".join((ROOT / "docs" / "loading.md").read_text(encoding="utf-8").split())
    assert "pixels that were overwritten in between are not decoded to find out" in page


@pytest.mark.parametrize("num_proc", [None, 2])
def test_a_damaged_training_image_is_named_by_building(num_proc: int | None, copy: Path, load) -> None:
    """Not in the middle of training: every header is looked at before the first row is made."""
    image_id = next(row.image_id for row in expected_rows("50", "train"))
    path = next(copy.rglob(f"{image_id}.JPEG"))
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(imagenet_s.ImageNetSError, match=rf"{image_id}.JPEG: damaged"):
        load(copy, split="train", num_proc=num_proc)


def test_a_resized_image_is_refused(copy: Path, load) -> None:
    image_id = next(row.image_id for row in expected_rows("50", "validation"))
    path = next(copy.rglob(f"{image_id}.JPEG"))
    Image.open(path).convert("RGB").resize((64, 48)).save(path, "JPEG")
    with pytest.raises(
        imagenet_s.ImageNetSError, match=rf"the mask of {image_id} is \d+ x \d+ .*its image 64 x 48: .* was resized"
    ):
        load(copy)


@pytest.mark.parametrize("split", ["train", "train_semi", "validation", "test"])
def test_saved_rows_stay_as_stored(split: str, tmp_path: Path, load) -> None:
    """Read back by plain datasets, in a process that knows nothing of this package."""
    loaded = load(split=split)
    loaded.save_to_disk(str(tmp_path / "saved"))
    code = f"""
        import sys, numpy as np, datasets
        assert "imagenet_s" not in sys.modules
        ds = datasets.load_from_disk({str(tmp_path / "saved")!r})
        np.savez({str(tmp_path / "pixels.npz")!r}, **{{row["image_id"]: np.asarray(row["image"]) for row in ds}})
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, cwd=tmp_path)
    expected = {row.image_id: row.pixels for row in expected_rows("50", split)}
    with np.load(tmp_path / "pixels.npz") as pixels:
        assert sorted(pixels) == sorted(expected)
        for image_id in pixels:
            np.testing.assert_array_equal(pixels[image_id], expected[image_id])


@pytest.mark.parametrize("num_proc", [None, 2])
def test_mapped_training_rows_stay_as_stored(num_proc: int | None, load) -> None:
    """Whatever `datasets` makes of the few training rows that hold upright bytes."""
    loaded = load(split="train")
    expected = {row.image_id: row.pixels for row in expected_rows("50", "train")}
    mapped = loaded.map(lambda row: {"length": len(row["image_id"])}, num_proc=num_proc).shuffle(seed=0)
    for row in mapped:
        np.testing.assert_array_equal(np.asarray(row["image"]), expected[row["image_id"]])


@pytest.mark.parametrize("join", [datasets.concatenate_datasets, datasets.interleave_datasets])
def test_joined_rows_stay_as_stored(join: Callable, load) -> None:
    """Rows whose images are paths beside rows whose images are bytes."""
    expected = {row.image_id: row.pixels for split in ("train", "validation") for row in expected_rows("50", split)}
    joined = join([load(split="train"), load(split="validation")])
    assert len(joined) > 10
    for row in joined:
        np.testing.assert_array_equal(np.asarray(row["image"]), expected[row["image_id"]])


@pytest.mark.parametrize(
    ("change", "loss"),
    [
        (lambda rows: rows.cast_column("image", datasets.Image(mode="RGB")), 0),
        (lambda rows: rows.rename_column("image", "x").rename_column("x", "image"), 0),
        (lambda rows: rows.shuffle(seed=1).flatten_indices(), 0),
        (lambda rows: rows.to_iterable_dataset(), 0),
        # datasets 3 stores a decoded JPEG as a JPEG: 5.4 grey levels at most; an image turned by half differs by 35.
        (lambda rows: datasets.Dataset.from_list([{**row} for row in rows]), 0 if datasets.__version__ >= "4" else 8),
    ],
    ids=["cast", "renamed", "flattened", "streamed", "decoded and stored again"],
)
@pytest.mark.parametrize("split", ["train", "train_full"])
def test_rows_stay_as_stored_whatever_is_done_with_them(
    split: str, change: Callable, loss: int, miniature, annotations
) -> None:
    """`train_full` holds rotated images of no class, too."""
    loaded = imagenet_s.load_dataset(
        "919", data_dir=miniature("folders"), split=split, annotations_dir=annotations, verify=False
    )
    expected = {row.image_id: row.pixels for row in expected_rows("919", split)}
    changed = list(change(loaded))
    assert len(changed) == len(expected)
    for row in changed:
        image, pixels = np.asarray(row["image"]), expected[row["image_id"]]
        assert image.shape == pixels.shape
        assert np.abs(image.astype(int) - pixels).mean() <= loss


def test_rows_written_by_datasets_stay_as_stored(tmp_path: Path, load) -> None:
    expected = {row.image_id: row.pixels for row in expected_rows("50", "train")}
    load(split="train").to_parquet(str(tmp_path / "train.parquet"))
    read = datasets.load_dataset("parquet", data_files=str(tmp_path / "train.parquet"), cache_dir=str(tmp_path))
    assert len(read["train"]) == len(expected)
    for row in read["train"]:
        np.testing.assert_array_equal(np.asarray(row["image"]), expected[row["image_id"]])


@pytest.mark.parametrize(
    "change",
    [
        lambda image: image.convert("CMYK"),
        lambda image: ImageCms.profileToProfile(image, SRGB, LAB, outputMode="LAB"),
        lambda image: np.asarray(image.convert("L"), np.float32),
    ],
    ids=["CMYK", "LAB", "floats"],
)
def test_images_can_be_mapped_to_other_kinds(change: Callable, load) -> None:
    """What PNG does not have, `datasets` stores as TIFF: the column reads it, as a plain one would."""
    loaded = load(split="validation").select(range(3))
    mapped = loaded.map(lambda row: {"image": change(row["image"])})
    plain = mapped.cast_column("image", datasets.Image(mode="RGB"))
    stored = mapped.cast_column("image", datasets.Image(decode=False))
    for before, one, other, kept in zip(loaded, mapped, plain, stored):
        assert kept["image"]["bytes"][:2] in (b"II", b"MM"), "it is a TIFF"
        assert one["image"].size == before["image"].size
        np.testing.assert_array_equal(np.asarray(one["image"]), np.asarray(other["image"]))


@pytest.mark.parametrize("streaming", [False, True])
def test_masks_can_be_mapped_to_other_kinds(streaming: bool, load) -> None:
    """The column `annotation`, as the column `image`: binary, colours, none."""
    loaded = load(split="validation", streaming=streaming)
    first = np.asarray(next(iter(loaded))["annotation"])
    for change in (
        lambda ids: Image.fromarray(ids > 0),
        lambda ids: Image.fromarray(ids.astype(np.uint8)),
        lambda ids: None,
    ):
        mapped = loaded.map(lambda row, change=change: {"annotation": change(np.asarray(row["annotation"]))})
        one = next(iter(mapped))["annotation"]
        wanted = change(first)
        assert (one is None) == (wanted is None)
        if wanted is not None:
            np.testing.assert_array_equal(np.asarray(one) > 0, np.asarray(wanted) > 0)


def test_mapped_images_of_other_kinds_are_kept(load) -> None:
    """CMYK, which PNG does not have, and floats, which no image file has."""
    loaded = load(split="validation")
    cmyk = loaded.map(lambda row: {"image": row["image"].convert("CMYK")})
    floats = loaded.map(lambda row: {"pixels": np.asarray(row["image"], np.float32) / 255})
    for before, one, other in zip(loaded, cmyk, floats):
        assert one["image"].size == before["image"].size
        np.testing.assert_array_equal(
            np.array(other["pixels"], np.float32), np.asarray(before["image"], np.float32) / 255
        )


def test_killed_while_building(copy: Path, annotations: Path, tmp_path: Path) -> None:
    """kill -9 in the middle; the next load gives the right rows without any cleaning up."""
    code = f"""
        import os, signal, sys
        sys.path.insert(0, {str(ROOT)!r})
        import imagenet_s
        from imagenet_s.conversion.dataset import split_builder
        plain, seen = split_builder.generate, []
        def deadly(*args, **options):
            for table in plain(*args, **options):
                seen.append(table)
                if len(seen) == int(sys.argv[1]):
                    os.kill(os.getpid(), signal.SIGKILL)
                yield table
        split_builder.generate = deadly
        imagenet_s.load_dataset("50", data_dir={str(copy)!r}, annotations_dir={str(annotations)!r},
                                cache_dir={str(tmp_path / "cache")!r}, verify=False)
    """
    for moment in ("1", "1", "1", "2"):  # one table a split here, and what is finished stays: in each of the four
        killed = subprocess.run([sys.executable, "-c", textwrap.dedent(code), moment], capture_output=True, check=False)
        assert killed.returncode == -9, killed.stderr.decode()
    loaded = imagenet_s.load_dataset(
        "50", data_dir=copy, annotations_dir=annotations, cache_dir=str(tmp_path / "cache"), verify=False
    )
    for split in loaded:
        assert sorted(loaded[split]["image_id"][:]) == sorted(row.image_id for row in expected_rows("50", split))


def test_an_images_bytes_are_not_touched(load) -> None:
    """Only the orientation value of the few images that would be rotated; never a re-encoding."""
    loaded = load("tars", split="train").cast_column("image", datasets.Image(decode=False))
    changed = 0
    for row in loaded:
        stored, given = image_bytes(row["image_id"]), row["image"]["bytes"]
        assert len(stored) == len(given)
        different = sum(a != b for a, b in zip(stored, given))
        assert different <= 1
        changed += different
    assert changed >= 1
