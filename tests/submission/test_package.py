"""Packing and checking submissions."""

import hashlib
import json
import os
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from predicted_masks import IDS, KEYS, prediction, write_predictions

from imagenet_s.conversion.errors import ImageNetSError
from imagenet_s.conversion.mask_codec import encode_official_png
from imagenet_s.conversion.submission.image_sizes import image_sizes
from imagenet_s.conversion.submission.method_file import Method
from imagenet_s.conversion.submission.package import check_submission, write_submission
from imagenet_s.conversion.synthetic import IMAGES, images_of, write_imagenet

Layouts = Callable[[str], Path]
METHOD = Method("PASS", "ImageNet-S-50", "SSL", "ResNet-50", "https://arxiv.org/abs/2106.03149", "As in the paper.")


def submit(predictions: Path, annotations: Path, **options: object) -> object:
    target = predictions.parent / "out.zip"
    return write_submission(
        predictions, target, "50", method=METHOD, annotations_dir=annotations, verify=False, **options
    )  # type: ignore[arg-type]


def test_a_submission(predictions: Path, annotations: Path, miniature: Layouts) -> None:
    sizes = image_sizes("50", "test", miniature("folders"), annotations, verify=False)
    checked = submit(predictions, annotations, sizes=sizes)
    assert checked.problems == []
    assert checked.images == checked.sizes_checked == len(IDS) == 10
    out = predictions.parent / "out.zip"
    assert checked.sha256 == hashlib.sha256(out.read_bytes()).hexdigest()
    with zipfile.ZipFile(out) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["method.txt", *sorted(KEYS.values())]
        assert archive.read("method.txt").decode() == (
            "Method name: PASS\n"
            "Training data: ImageNet-S-50\n"
            "Training scheme: SSL\n"
            "Networks: ResNet-50\n"
            "Paper/Project link: https://arxiv.org/abs/2106.03149\n"
            "Method description: As in the paper.\n"
        )
        assert {one.date_time for one in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        for name in KEYS.values():
            assert archive.read(name) == (predictions / name).read_bytes()
    again = check_submission(out, "50", sizes=sizes, annotations_dir=annotations, verify=False)
    assert again == checked


def test_the_same_predictions_give_the_same_zip(predictions: Path, annotations: Path, tmp_path: Path) -> None:
    """Whenever they were written, in whatever order, with whatever permissions, from a folder or a zip."""
    first = submit(predictions, annotations).sha256
    other = tmp_path / "other" / "predictions"
    for name in sorted(KEYS.values(), reverse=True):
        (other / name).parent.mkdir(parents=True, exist_ok=True)
        (other / name).write_bytes((predictions / name).read_bytes())
        os.chmod(other / name, 0o600)
        os.utime(other / name, (time.time() - 10**6,) * 2)
    assert submit(other, annotations).sha256 == first
    packed = tmp_path / "packed" / "predictions.zip"
    packed.parent.mkdir()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(predictions.rglob("*.png"), reverse=True):
            archive.write(path, path.relative_to(predictions))
    assert submit(packed, annotations).sha256 == first


@pytest.mark.parametrize("layout", ["folders", "tars", "parquet"])
def test_sizes_are_those_of_the_stored_pixels(layout: str, annotations: Path, miniature: Layouts) -> None:
    """Images that a viewer would turn included."""
    for config in ("50", "919"):
        sizes = image_sizes(config, "test", miniature(layout), annotations, verify=False)
        assert sizes == {image.image_id: image.size for image in images_of(config, "test")}


def test_a_header_longer_than_usual(annotations: Path, tmp_path: Path) -> None:
    root = Path(write_imagenet(tmp_path / "imagenet", "flat"))
    Image.new("RGB", (70, 50)).save(root / "val" / f"{IDS[0]}.JPEG", "JPEG", comment=b"x" * 20_000)
    assert image_sizes("50", "test", root, annotations, verify=False)[IDS[0]] == (70, 50)


def test_sizes_of_validation_come_from_its_masks(annotations: Path) -> None:
    sizes = image_sizes("919", "validation", None, annotations, verify=False)
    assert sizes == {image.image_id: image.size for image in images_of("919", "validation")}
    assert image_sizes("919", "test", None, annotations, verify=False) == {}


def damage_missing(path: Path) -> None:
    path.unlink()


def damage_extra(path: Path) -> None:
    path.with_name("ILSVRC2012_val_00000001.png").write_bytes(path.read_bytes())


def damage_folder(path: Path) -> None:
    target = path.parent.parent / "n02099601" / path.name
    target.parent.mkdir(exist_ok=True)
    path.rename(target)


def damage_unreadable(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


def damage_truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def damage_empty(path: Path) -> None:
    path.write_bytes(b"")


def damage_grey(path: Path) -> None:
    Image.fromarray(prediction(path.stem).astype(np.uint8)).save(path)


def damage_grey16(path: Path) -> None:
    Image.fromarray(prediction(path.stem).astype(np.uint16)).save(path)


def damage_palette(path: Path) -> None:
    Image.open(path).convert("P").save(path)


def damage_ids(path: Path) -> None:
    path.write_bytes(encode_official_png(np.full(IMAGES[path.stem].size[::-1], 51)))


def damage_ignored(path: Path) -> None:
    path.write_bytes(encode_official_png(np.full(IMAGES[path.stem].size[::-1], 1000)))


def damage_blue(path: Path) -> None:
    Image.new("RGB", IMAGES[path.stem].size, (1, 0, 9)).save(path)


def damage_size(path: Path) -> None:
    width, height = IMAGES[path.stem].size
    path.write_bytes(encode_official_png(np.zeros((width, height), int)))


DAMAGE = {
    "missing": (damage_missing, "missing", r"{key} is missing"),
    "extra": (damage_extra, "extra", r"ILSVRC2012_val_00000001.png is no prediction of the list"),
    "folder": (damage_folder, "folder", r"n02099601/{name} belongs to {key}"),
    "unreadable": (damage_unreadable, "unreadable", r"{key} is not a readable PNG"),
    "truncated": (damage_truncated, "unreadable", r"{key} is not a readable PNG"),
    "empty": (damage_empty, "unreadable", r"{key} is not a readable PNG (it is empty)"),
    "grey": (damage_grey, "not RGB", r"{key} is an image with 8-bit grey"),
    "grey16": (damage_grey16, "not RGB", r"{key} is 16-bit grey, not RGB"),
    "palette": (damage_palette, "not RGB", r"{key} is an image with a palette"),
    "ids": (damage_ids, "ids", r"mask id 51 in {key}: ImageNet-S-50 has 0..50"),
    "ignored": (damage_ignored, "ids", r"{key} holds 1000"),
    "blue": (damage_blue, "ids", r"{key} has values in its blue channel"),
    "size": (damage_size, "size", r"{key} is"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_is_reported_by_name(kind: str, predictions: Path, annotations: Path, miniature: Layouts) -> None:
    do, expected_kind, text = DAMAGE[kind]
    image_id = next(one for one in IDS if IMAGES[one].size[0] != IMAGES[one].size[1])
    do(predictions / KEYS[image_id])
    sizes = image_sizes("50", "test", miniature("folders"), annotations, verify=False)
    checked = submit(predictions, annotations, sizes=sizes)
    assert [problem.kind for problem in checked.problems] == [expected_kind]
    assert text.format(key=KEYS[image_id], name=f"{image_id}.png") in checked.problems[0].message
    assert sorted(os.listdir(predictions.parent)) == ["predictions"], "nothing is written, and nothing half-written"


def test_all_problems_are_listed(predictions: Path, annotations: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.zip"
    out.write_bytes(b"an earlier one")
    for image_id, do in zip(IDS, (damage_missing, damage_grey, damage_ids, damage_empty, damage_extra)):
        do(predictions / KEYS[image_id])
    (predictions / "notes.txt").write_text("mine")
    checked = submit(predictions, annotations)
    assert sorted(problem.kind for problem in checked.problems) == [
        "extra", "extra", "ids", "missing", "not RGB", "unreadable",
    ]  # fmt: skip
    assert out.read_bytes() == b"an earlier one"


def test_litter_is_passed_over(predictions: Path, annotations: Path) -> None:
    first = submit(predictions, annotations).sha256
    (predictions / ".DS_Store").write_bytes(b"x")
    (predictions / KEYS[IDS[0]]).with_name(".ILSVRC2012_val_00000001.1.2.part").write_bytes(b"x")
    assert submit(predictions, annotations).sha256 == first


def test_a_match(predictions: Path, annotations: Path, tmp_path: Path) -> None:
    """Clusters are those that the match knows, whatever their number."""
    match = tmp_path / "match.json"
    content = json.dumps({"0": 0, **{str(i): (i * 7) % 50 + 1 for i in range(1, 51)}})
    match.write_text(content)
    checked = submit(predictions, annotations, match=match)
    assert checked.problems == []
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert archive.read("match.json").decode() == content
    again = check_submission(tmp_path / "out.zip", "50", annotations_dir=annotations, verify=False)
    assert again.problems == []
    used = int(prediction(IDS[0]).max())
    match.write_text(json.dumps({str(i): i for i in range(51) if i != used}))
    problems = submit(predictions, annotations, match=match).problems
    assert {problem.kind for problem in problems} == {"ids"}
    assert f"{KEYS[IDS[0]]} holds cluster {used}, which the match does not know" in {one.message for one in problems}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("{", "is no match.json"),
        ('{"0": 0, "1": 51}', "match.json sends cluster '1' to 51: clusters are whole numbers from 0, classes 0..50"),
        ('{"0": 0, "1": "2"}', "sends cluster '1' to '2'"),
        ('{"0": 0, "1": 1e999}', "sends cluster '1' to inf"),
        ('{"0": 0, "1": 2, "01": 3}', "sends cluster 1 to a class twice"),
        ('{"1": 2}', 'lacks "0": 0'),
    ],
)
def test_a_wrong_match(content: str, text: str, predictions: Path, annotations: Path, tmp_path: Path) -> None:
    match = tmp_path / "match.json"
    match.write_text(content)
    (problem,) = submit(predictions, annotations, match=match).problems
    assert problem.kind == "match.json"
    assert text in problem.message


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, "method.txt is missing"),
        ("Method name: x\n", "line 2 is '', expected 'Training data: ...'"),
        (METHOD.text().replace("Networks", "Network"), "line 4 is 'Network: ResNet-50'"),
        (METHOD.text() + "and more\n", "there are lines after"),
        (METHOD.text().replace(": PASS", ":"), "line 1"),
    ],
)
def test_method_txt_is_checked(
    text: str | None, problem: str, predictions: Path, annotations: Path, tmp_path: Path
) -> None:
    out = tmp_path / "theirs.zip"
    with zipfile.ZipFile(out, "w") as archive:
        for path in predictions.rglob("*.png"):
            archive.write(path, path.relative_to(predictions))
        if text is not None:
            archive.writestr("method.txt", text)
    (found,) = check_submission(out, "50", annotations_dir=annotations, verify=False).problems
    assert found.kind == "method.txt"
    assert problem in found.message


def test_a_method_of_several_lines() -> None:
    with pytest.raises(ImageNetSError, match="Method description has several lines"):
        Method(description="one\ntwo")


def test_what_can_not_be_submitted(predictions: Path, annotations: Path, tmp_path: Path) -> None:
    with pytest.raises(ImageNetSError, match="there is no such folder or zip"):
        submit(tmp_path / "nowhere", annotations)
    with pytest.raises(ImageNetSError, match="lie in its folder predictions: give that one"):
        write_submission(tmp_path, tmp_path.parent / "x.zip", "50", annotations_dir=annotations, verify=False)
    with pytest.raises(ImageNetSError, match="would lie among the predictions"):
        write_submission(predictions, predictions / "x.zip", "50", annotations_dir=annotations, verify=False)
    (tmp_path / "x.zip").write_bytes(b"PK no zip")
    with pytest.raises(ImageNetSError, match="neither a folder nor a complete zip"):
        check_submission(tmp_path / "x.zip", "50", annotations_dir=annotations, verify=False)
    with pytest.raises(ImageNetSError, match="is a folder: a submission is a zip"):
        check_submission(predictions, "50", annotations_dir=annotations, verify=False)


def test_a_damaged_member_of_a_zip(predictions: Path, annotations: Path, tmp_path: Path) -> None:
    submit(predictions, annotations)
    data = bytearray((tmp_path / "out.zip").read_bytes())
    start = data.index(b"IDAT")
    data[start + 10] ^= 0xFF
    (tmp_path / "out.zip").write_bytes(data)
    (problem,) = check_submission(tmp_path / "out.zip", "50", annotations_dir=annotations, verify=False).problems
    assert problem.kind == "unreadable"
    assert problem.name == sorted(KEYS.values())[0]


def test_validation_of_another_configuration(annotations: Path, tmp_path: Path) -> None:
    """Test images of 50 are no test images of 919, and the ids differ."""
    write_predictions(tmp_path / "predictions", "919", "validation")
    checked = write_submission(
        tmp_path / "predictions",
        tmp_path / "out.zip",
        "919",
        "validation",
        sizes=image_sizes("919", "validation", None, annotations, verify=False),
        annotations_dir=annotations,
        verify=False,
    )
    assert checked.problems == []
    wrong = check_submission(tmp_path / "out.zip", "50", "validation", annotations_dir=annotations, verify=False)
    assert {"extra", "ids"} <= {problem.kind for problem in wrong.problems}
