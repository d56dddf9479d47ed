"""Results that are not simply a folder of this machine."""

import uuid
from pathlib import Path

import fsspec
import pytest
from shard_helpers import contents

import imagenet_s
from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.masks.find_masks import find_masks
from imagenet_s.conversion.shards import verify


def test_the_memory_of_a_process(convert_miniature, tmp_path: Path) -> None:
    url = f"memory://{uuid.uuid4().hex}"
    convert_miniature(tmp_path)
    convert_miniature(url)
    convert_miniature(url)
    fs = fsspec.filesystem("memory")
    root = url.removeprefix("memory:/")
    files = {name.removeprefix(f"{root}/"): fs.cat_file(name) for name in fs.find(root)}
    assert {name: data for name, data in files.items() if not name.startswith(".imagenet-s/")} == contents(tmp_path)
    verify(url)
    with pytest.raises(ImageNetSError, match="memory of this process"):
        convert_miniature(url, workers=2)


def test_a_local_address_and_workers(convert_miniature, tmp_path: Path) -> None:
    convert_miniature(tmp_path / "a")
    convert_miniature(f"file://{tmp_path}/b", workers=2)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


@pytest.mark.parametrize("name", ["x::y", "zip::x", "[o]*", "50%20", "c#d?e"])
def test_an_out_of_any_name_is_a_folder(name: str, convert_miniature, tmp_path: Path) -> None:
    """Written, verified, and read by what reads a result."""
    convert_miniature(tmp_path / name, splits=["validation"])
    verify(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert len(imagenet_s.load_dataset("50", data_dir=tmp_path / name, split="validation")) == 9
    assert len(find_masks(tmp_path / name, "50").keys) == 9


def test_an_unknown_address(convert_miniature) -> None:
    with pytest.raises(ImageNetSError, match="can't be written to"):
        convert_miniature("nowhere://x")
