"""A second run: what is done is kept, what differs is refused, what is new is added."""

import json
import os
import shutil
from pathlib import Path

import pyarrow as pa
import pytest
from datasets import load_dataset
from shard_helpers import contents

from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.shards.resume import rows_digest


def times(out: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in out.rglob("*.parquet")}


def test_the_same_again_writes_no_shard(convert_miniature, tmp_path: Path) -> None:
    convert_miniature(tmp_path)
    before, whole = times(tmp_path), contents(tmp_path, working=True)
    convert_miniature(tmp_path)
    assert times(tmp_path) == before
    assert contents(tmp_path, working=True) == whole


def test_only_what_is_missing_is_written(convert_miniature, tmp_path: Path) -> None:
    convert_miniature(tmp_path)
    before, whole = times(tmp_path), contents(tmp_path)
    shards = sorted(tmp_path.rglob("*.parquet"))
    shards[0].unlink()
    shards[1].write_bytes(shards[1].read_bytes()[:-1])
    (tmp_path / ".imagenet-s" / "50" / f"{shards[2].name}.done").unlink()
    convert_miniature(tmp_path)
    changed = {name for name, time in times(tmp_path).items() if time != before[name]}
    assert changed == {shard.name for shard in shards[:3]}
    assert contents(tmp_path) == whole


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"max_shard_size": "30KB"}, r"max_shard_size \(--max-shard-size\): 20,000 then, 30,000 now"),
        ({"form": "arrow"}, "50 as parquet, with images"),
        ({"images": False}, "50 as parquet, with images"),
    ],
)
def test_other_arguments_are_refused(convert_miniature, changed, words: str, tmp_path: Path) -> None:
    convert_miniature(tmp_path)
    whole = contents(tmp_path, working=True)
    with pytest.raises(ImageNetSError, match=words):
        convert_miniature(tmp_path, **changed)
    assert contents(tmp_path, working=True) == whole
    convert_miniature(tmp_path, restart=True, **changed)
    fresh = tmp_path / "fresh"
    convert_miniature(fresh, **changed)
    expected = contents(fresh)
    files = {name: data for name, data in contents(tmp_path).items() if not name.startswith("fresh/")}
    assert {name: data for name, data in files.items() if name in expected} == expected


def test_an_unfinished_run_refuses_other_arguments_too(convert_miniature, tmp_path: Path) -> None:
    convert_miniature(tmp_path)
    for name in ("index.json", "README.md"):
        (tmp_path / name).unlink()
    with pytest.raises(ImageNetSError, match="format: parquet then, arrow now"):
        convert_miniature(tmp_path, form="arrow")


def test_a_changed_source_is_refused(convert_miniature, miniature, tmp_path: Path) -> None:
    source = tmp_path / "imagenet"
    shutil.copytree(miniature("folders"), source)
    out = tmp_path / "out"
    convert_miniature(out, source=source)
    moved = tmp_path / "moved"
    source.rename(moved)
    convert_miniature(out, source=moved)
    image = next(moved.glob("val/*/ILSVRC2012_val_00000206.JPEG"))
    about = image.stat()
    os.utime(image, ns=(about.st_atime_ns, about.st_mtime_ns + 10**9))
    with pytest.raises(ImageNetSError, match="sizes or times of the image files"):
        convert_miniature(out, source=moved)
    image.unlink()
    with pytest.raises(ImageNetSError, match="number of images: 9 then, 8 now"):
        convert_miniature(out, source=moved, on_missing="skip")


def test_the_digest_of_rows_is_of_ids_classes_and_order() -> None:
    names = ("image_id", "wnid", "category", "imagenet_label")
    rows = [("val_1", "n01440764", 0, 0), ("val_2", "n01443537", 1, None)]
    others = [
        [("val_3", "n01440764", 0, 0), rows[1]],
        [("val_1", "n01443537", 0, 0), rows[1]],
        [("val_1", "n01440764", 1, 0), rows[1]],
        [("val_1", "n01440764", 0, 1), rows[1]],
        rows[::-1],
    ]
    digests = {
        rows_digest(pa.table(dict(zip(names, zip(*each, strict=True), strict=True)))) for each in [rows, *others]
    }
    assert len(digests) == 6


def test_splits_and_configurations_add_up(convert_miniature, tmp_path: Path) -> None:
    convert_miniature(tmp_path / "a", splits=("val",))
    only = contents(tmp_path / "a")
    assert list(load_dataset(str(tmp_path / "a"), "50")) == ["validation"]
    convert_miniature(tmp_path / "a", "919")
    convert_miniature(tmp_path / "a", splits=("train-semi", "test"))
    convert_miniature(tmp_path / "b")
    convert_miniature(tmp_path / "b", "919")
    assert contents(tmp_path / "a") == contents(tmp_path / "b"), "whatever the order"
    assert all(contents(tmp_path / "a")[name] == data for name, data in only.items() if name.endswith(".parquet"))
    index = json.loads((tmp_path / "a" / "index.json").read_text())
    assert list(index["configs"]) == ["50", "919"]
    assert index["configs"]["50"]["splits"]["validation"]["rows"] == 9
    assert index["configs"]["50"]["splits"]["validation"]["order_seed"] == 919


def test_a_result_without_its_plan_is_refused(convert_miniature, tmp_path: Path) -> None:
    convert_miniature(tmp_path)
    shutil.rmtree(tmp_path / ".imagenet-s")
    with pytest.raises(ImageNetSError, match="no longer how it was made"):
        convert_miniature(tmp_path)


def test_what_cannot_be(convert_miniature, tmp_path: Path) -> None:
    for words, options in {
        "no split 'train-full'": {"splits": ("train-full",)},
        "format 'csv'": {"form": "csv"},
        "workers=0": {"workers": 0},
        "expected a size": {"max_shard_size": "big"},
    }.items():
        with pytest.raises(ImageNetSError, match=words):
            convert_miniature(tmp_path / "x", **options)
    (tmp_path / "file").write_text("")
    with pytest.raises(ImageNetSError, match="is a file"):
        convert_miniature(tmp_path / "file")
