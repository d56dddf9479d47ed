"""Images that lie where they are expected and are not read: the message names one and says why, through every door."""

import io
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from imagenet_s import load_dataset
from imagenet_s.cli.main import main
from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.facts import SPLIT_FOLDERS
from imagenet_s.conversion.imagenet.detect import open_imagenet

NOT_READ = {
    "train/n01440764/1.JPEG": "other file names",
    "val/293.jpg": "other file names",
    "val/n01440764/tench.png": "other file names",
    "train/n01440764/images/n01440764_18.JPEG": "lies too deep",
    "val/n01440764/images/ILSVRC2012_val_00000293.JPEG": "lies too deep",
    "train/n01440764/n01440764_18.webp": "JPEG and PNG are read, no .webp",
    "val/ILSVRC2012_val_00000293.TIFF": "JPEG and PNG are read, no .TIFF",
}
"""An image where images are expected, and why it is not read."""


@pytest.mark.parametrize("image", NOT_READ)
def test_what_is_not_read_is_named(image: str, tmp_path: Path) -> None:
    path = tmp_path / "alone" / image
    path.parent.mkdir(parents=True)
    path.write_bytes(b"\xff\xd8")
    with pytest.raises(ImageNetSError, match=rf"{image}.*{NOT_READ[image]}"):
        open_imagenet(tmp_path / "alone")


@pytest.mark.parametrize("image", NOT_READ)
def test_what_is_not_read_is_named_beside_another_part(
    image: str,
    miniature: Callable[[str], Path],
    annotations: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """By `check`, which would call what is there complete, and when its split is asked for."""
    own, other = ("train", "val") if image.startswith("train") else ("val", "train")
    shutil.copytree(miniature("folders") / other, tmp_path / other)
    (tmp_path / image).parent.mkdir(parents=True)
    (tmp_path / image).write_bytes(b"\xff\xd8")
    with pytest.raises(ImageNetSError, match=rf"{image}.*{NOT_READ[image]}"):
        open_imagenet(tmp_path).reader("train" if own == "train" else "validation")
    assert main(["check", str(tmp_path), "--config", "50", "--no-verify", "--annotations-dir", str(annotations)]) == 0
    told = capsys.readouterr()
    assert NOT_READ[image] in told.out
    assert "What is there is complete." in told.err


@pytest.mark.parametrize("tar", ["ILSVRC2012_img_val.tar", "imagenet1k-validation-0000.tar", "val_images.tar.gz"])
def test_what_is_not_read_of_a_tar_is_named(tar: str, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / tar, "w:gz" if tar.endswith("gz") else "w") as archive:
        for number in range(3):
            member = tarfile.TarInfo(f"ILSVRC2012_val_0000029{number}.webp")
            member.size = 4
            archive.addfile(member, io.BytesIO(b"RIFF"))
    with pytest.raises(ImageNetSError, match=r"3 of 3 images in .*_0000029\d\.webp'; JPEG and PNG are read"):
        open_imagenet(tmp_path).reader("validation").index()


@pytest.mark.parametrize("verify", [True, False])
@pytest.mark.parametrize("split", ["train", "train_semi", "validation", "test"])
def test_own_names_in_an_official_tree(
    miniature: Callable[[str], Path], tmp_path: Path, split: str, verify: bool
) -> None:
    """Rather than that there are too few images, and then, without the official counts, none at all."""
    tree = shutil.copytree(miniature("tree-50") / "ImageNetS50", tmp_path / "ImageNetS50")
    for number, path in enumerate(sorted((tree / SPLIT_FOLDERS[split]).rglob("*.JPEG"))):
        path.rename(path.with_name(f"photo_{number}.JPEG"))
    with pytest.raises(ImageNetSError, match=r"photo_0\.JPEG.*other file names.*official names"):
        load_dataset("50", data_dir=tree, split=split, verify=verify)
