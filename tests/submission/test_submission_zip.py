"""Packing and checking submissions."""

import hashlib
import json
import os
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from predicted_masks import IDS, KEYS, METHOD, prediction, submit, write_predictions

from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.submission.image_sizes import image_sizes
from imagenet_s.conversion.submission.method_file import Method
from imagenet_s.conversion.submission.submission_zip import check_submission, write_submission

Layouts = Callable[[str], Path]


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
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
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


def test_hidden_files_are_ignored(predictions: Path, annotations: Path) -> None:
    first = submit(predictions, annotations).sha256
    (predictions / ".DS_Store").write_bytes(b"x")
    (predictions / KEYS[IDS[0]]).with_name(".ILSVRC2012_val_00000001.1.2.part").write_bytes(b"x")
    assert submit(predictions, annotations).sha256 == first


@pytest.mark.parametrize(
    "name", ["__MACOSX/n01443537/._x.png", ".DS_Store", "n01443537/.DS_Store", "__MACOSX/._method.txt"]
)
def test_a_finished_zip_with_what_a_mac_adds(name: str, predictions: Path, annotations: Path, tmp_path: Path) -> None:
    """Passed over among predictions, which are packed again; in what goes out as it is, it is named."""
    out = tmp_path / "out.zip"
    assert not write_submission(predictions, out, "50", annotations_dir=annotations, verify=False).problems
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("n01443537/", b"")
        archive.writestr(name, b"x")
    (problem,) = check_submission(out, "50", annotations_dir=annotations, verify=False).problems
    assert (problem.kind, problem.name) == ("extra", name)
    assert name in problem.message
    again = write_submission(out, tmp_path / "again.zip", "50", annotations_dir=annotations, verify=False)
    assert not again.problems


def test_a_match(predictions: Path, annotations: Path, tmp_path: Path) -> None:
    """Clusters have any ids that the match knows."""
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
    assert f"{KEYS[IDS[0]]} holds cluster {used}, which the match does not know" in {
        problem.message for problem in problems
    }


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
    (finding,) = check_submission(out, "50", annotations_dir=annotations, verify=False).problems
    assert finding.kind == "method.txt"
    assert problem in finding.message


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
    with pytest.raises(ImageNetSError, match="not a complete zip"):
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
    """Images of 919 are no images of 50, and the ids differ."""
    options = {"annotations_dir": annotations, "verify": False}
    write_predictions(tmp_path / "predictions", "919", "validation")
    sizes = image_sizes("919", "validation", None, **options)
    target = tmp_path / "out.zip"
    assert not write_submission(tmp_path / "predictions", target, "919", "validation", sizes=sizes, **options).problems
    wrong = check_submission(target, "50", "validation", **options)
    assert {"extra", "ids"} <= {problem.kind for problem in wrong.problems}
