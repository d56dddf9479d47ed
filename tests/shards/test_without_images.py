"""Data sets without ImageNet's pixels, and the builder that takes its annotations from them."""

from pathlib import Path

import pytest
from datasets import load_dataset
from same_rows import assert_rows

import imagenet_s
from imagenet_s.conversion.annotations import open_annotations
from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.synthetic import expected_rows


@pytest.mark.parametrize("form", ["parquet", "arrow"])
@pytest.mark.parametrize("config", ["50", "919"])
def test_annotations_out_of_a_data_set(form: str, config: str, convert_miniature, miniature, tmp_path: Path) -> None:
    convert_miniature(tmp_path, config, form=form, images=False)
    shared = load_dataset(str(tmp_path), config)
    assert shared["validation"].column_names == ["image_id", "annotation", "category", "wnid", "imagenet_label"]
    expected = {row.image_id: row for row in expected_rows(config, "test")}
    assert {row["image_id"]: row["category"] for row in shared["test"]} == {k: v.category for k, v in expected.items()}
    assert not any(b"JFIF" in path.read_bytes() for path in tmp_path.rglob(f"*.{form}")), "no JPEG in it"
    for layout in ("folders", "parquet"):
        loaded = imagenet_s.load_dataset(
            config, data_dir=miniature(layout), annotations_dir=tmp_path, verify=False, on_missing="error"
        )
        for split in loaded:
            assert_rows(loaded[split], config, split)


def test_masks_are_taken_as_they_are(convert_miniature, annotations: Path, tmp_path: Path) -> None:
    from imagenet_s.conversion.annotations import cached_masks

    convert_miniature(tmp_path / "out", images=False)
    ours = open_annotations("50", tmp_path / "out", cache_dir=tmp_path / "a", verify=False)
    official = open_annotations("50", annotations, cache_dir=tmp_path / "b", verify=False)
    for split in ("train_semi", "validation"):
        assert cached_masks(ours.masks(split)).equals(cached_masks(official.masks(split)))
        for (member, png), (other, published) in zip(ours.official_masks(split), official.official_masks(split)):
            assert member == other
            assert (imagenet_s.decode_mask(png) == imagenet_s.decode_mask(published)).all()
    assert ours.members("test").equals(official.members("test"))


def test_a_data_set_with_images_serves_too(convert_miniature, miniature, tmp_path: Path) -> None:
    convert_miniature(tmp_path)
    loaded = imagenet_s.load_dataset(
        "50", data_dir=miniature("tars"), annotations_dir=tmp_path, verify=False, split="validation"
    )
    assert_rows(loaded, "50", "validation")


def test_a_damaged_shard_and_another_configuration(convert_miniature, miniature, tmp_path: Path) -> None:
    convert_miniature(tmp_path, images=False)
    options = {"data_dir": miniature("folders"), "annotations_dir": tmp_path, "verify": False, "split": "validation"}
    with pytest.raises(ImageNetSError, match="ImageNet-S-300"):
        imagenet_s.load_dataset("300", **options)
    shard = next(tmp_path.glob("50/validation-*.parquet"))
    shard.write_bytes(shard.read_bytes()[:-1])
    with pytest.raises(ImageNetSError, match="cut off or changed"):
        imagenet_s.load_dataset("50", **options)
