"""`imagenet-s check`, and how every command fails."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import datasets
import pytest

import imagenet_s
from imagenet_s.cli.main import build_parser, main
from imagenet_s.conversion.synthetic import expected_rows, write_annotations


def test_a_whole_imagenet(miniature: Callable[[str], Path], annotations: Path, capsys: pytest.CaptureFixture) -> None:
    root = str(miniature("kaggle"))
    assert main(["check", root, "--annotations-dir", str(annotations), "--no-verify", "--json", "-"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert "class folders" in result["recognised"]
    for split, one in result["splits"].items():
        assert one["found"] == len(expected_rows("919", split))
        assert one["problem"] is None


def test_what_is_missing_is_named(
    miniature: Callable[[str], Path], annotations: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    root = shutil.copytree(miniature("folders"), tmp_path / "imagenet")
    gone = expected_rows("50", "test")[0].image_id
    next(root.rglob(f"{gone}.JPEG")).unlink()
    arguments = ["check", str(root), "--config", "50", "--annotations-dir", str(annotations), "--no-verify"]
    assert main([*arguments, "--list-missing"]) == 1
    out, err = capsys.readouterr()
    assert f"\ntest {gone}\n" in out
    assert "--on-missing skip" in err
    assert 'on_missing="skip" (--on-missing skip)' in out
    assert "verify=" not in out + err


def test_only_missing_images_can_be_left_out(
    miniature: Callable[[str], Path], annotations: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    """Lists that are not the official ones are refused with --on-missing skip, too: it is no advice then."""
    root, where = str(miniature("folders")), ["--config", "50", "--annotations-dir", str(annotations)]
    assert main(["check", root, *where]) == 1
    out, err = capsys.readouterr()
    assert "is not the official ImageNetS_im50_mapping_validation.txt" in out
    assert "--on-missing" not in err
    assert "listed above" in err
    assert main(["convert", root, str(tmp_path / "out"), *where, "--on-missing", "skip"]) == 1


def test_fewer_masks_than_the_list(
    miniature: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    """It counts what convert writes."""
    write_annotations(tmp_path / "a", "extracted")
    gone = expected_rows("50", "validation")[0].image_id
    next((tmp_path / "a" / "ImageNetS50").rglob(f"{gone}.png")).unlink()
    options = ["--config", "50", "--annotations-dir", str(tmp_path / "a"), "--no-verify", "--splits", "validation"]
    root = str(miniature("folders"))
    assert main(["check", root, *options]) == 0
    out, err = capsys.readouterr()
    assert re.search(r"^validation +8 +9 +fewer masks$", out, re.MULTILINE)
    assert f"validation: no mask of {gone}; verify=False (--no-verify) leaves out the images without one." in out
    assert "Complete but for the images without a mask." in err
    assert main(["check", root, *options, "--json", "-"]) == 0
    checked = json.loads(capsys.readouterr().out)["splits"]["validation"]
    assert checked["without_mask"] == [gone]
    assert main(["convert", root, str(tmp_path / "out"), *options, "--json", "-"]) == 0
    (written,) = json.loads(capsys.readouterr().out)
    assert written["images"] == checked["found"] == 8


def test_fewer_masks_than_images_of_a_tree(
    miniature: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture, caplog: pytest.LogCaptureFixture
) -> None:
    """No list says which masks there should be; loading leaves the image out, and says so."""
    root = Path(shutil.copytree(miniature("tree-50"), tmp_path / "tree", symlinks=True))
    gone = next(root.rglob("validation-segmentation/*/*.png"))
    gone.unlink()
    assert main(["check", str(root), "--config", "50", "--no-verify", "--splits", "validation"]) == 0
    out, err = capsys.readouterr()
    assert re.search(r"^validation +8 +9 +fewer masks$", out, re.MULTILINE)
    assert f"no mask of {gone.stem}" in out
    assert "Complete but for" in err
    loaded = imagenet_s.load_dataset("50", data_dir=root, split="validation", verify=False)
    assert len(loaded) == 8
    assert f"lacks 1 masks of validation: {gone.stem}" in caplog.text


def test_an_image_and_a_mask_less(
    miniature: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    """Both are said, once each."""
    write_annotations(tmp_path / "a", "extracted")
    shutil.copytree(miniature("folders"), tmp_path / "i")
    first, second = (row.image_id for row in expected_rows("50", "validation")[:2])
    next((tmp_path / "a" / "ImageNetS50").rglob(f"{first}.png")).unlink()
    next((tmp_path / "i").rglob(f"{second}.JPEG")).unlink()
    options = ["--config", "50", "--annotations-dir", str(tmp_path / "a"), "--no-verify", "--splits", "validation"]
    assert main(["check", str(tmp_path / "i"), *options, "--json", "-"]) == 1
    printed = json.loads(capsys.readouterr().out)["splits"]["validation"]
    assert (printed["state"], printed["found"], printed["missing"]) == ("incomplete", 7, [second])
    assert printed["problem"].startswith("validation: ")
    assert printed["problem"].count("validation: ") == printed["problem"].count(f"no mask of {first};") == 1


def test_a_file_that_is_not_there(capsys: pytest.CaptureFixture) -> None:
    for command in (["evaluate", "--counts", "gone.npz"], ["compare", "gone.npz", "gone.npz"]):
        assert main(command) == 1
        assert capsys.readouterr().err == "imagenet-s: gone.npz: No such file or directory\n"


def test_errors_are_one_paragraph(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["check", str(tmp_path / "gone")]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"imagenet-s: {tmp_path}/gone is no folder: ")
    assert err.count("\n") == 1
    monkeypatch.setenv("IMAGENET_S_DEBUG", "1")
    assert main(["check", str(tmp_path / "gone")]) == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["chekc"], ["check"], ["check", "x", "--config", "100"]])
def test_a_wrong_command_line_exits_with_2(arguments: list[str], capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert "imagenet-s" in capsys.readouterr().err


def test_demo_and_show(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    from PIL import Image

    demo = tmp_path / "demo"
    (demo / "lost+found").mkdir(parents=True)
    (demo / "notes.txt").write_text("mine")
    assert main(["demo", "--output", str(demo)]) == 0, "what it does not write is not in the way"
    out = capsys.readouterr().out
    assert out.rstrip().splitlines()[-1].startswith(str(demo)), "it ends by saying where to look"
    assert Image.open(demo / "overlays.png").width > 500
    assert main(["demo", "--output", str(demo)]) == 0, "an earlier demo is replaced"
    assert (demo / "lost+found").is_dir()
    assert (demo / "notes.txt").read_text() == "mine"
    capsys.readouterr()
    shown = ["show", str(demo / "imagenet"), "--annotations-dir", str(demo / "annotations"), "--no-verify"]
    assert (
        main([*shown, "--output", str(tmp_path / "sheets"), "--config", "300", "--count", "5", "--per-sheet", "3"]) == 0
    )
    assert [Path(line).name for line in capsys.readouterr().out.split()] == [
        "300-validation-01.png",
        "300-validation-02.png",
    ]


def test_demo_leaves_other_folders_alone(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "predictions").mkdir()
    (tmp_path / "predictions" / "thesis.tex").write_text("years of work")
    assert main(["demo", "--output", str(tmp_path)]) == 1
    assert (tmp_path / "predictions" / "thesis.tex").exists()
    assert "holds predictions and is no earlier demo" in capsys.readouterr().err
    assert main(["demo", "--output", str(tmp_path / "predictions" / "thesis.tex")]) == 1
    assert "is a file" in capsys.readouterr().err
    assert main(["demo", "--output", str(tmp_path / "x[1]")]) == 1
    assert "name another with --output" in capsys.readouterr().err
    assert not (tmp_path / "x[1]").exists()


@pytest.mark.parametrize("how", ["an empty folder", "offline", "no connection"])
def test_without_annotations_the_splits_are_unknown(
    how: str,
    miniature: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    """The images are complete; what is missing is said once, although each split lacks another file."""
    (tmp_path / "empty").mkdir()
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1" if how == "offline" else "0")
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "0")
    monkeypatch.setenv("IMAGENET_S_ENDPOINT", "http://127.0.0.1:9")
    given = ["--annotations-dir", str(tmp_path / "empty")] if how == "an empty folder" else []
    assert main(["check", str(miniature("folders")), "--config", "50", *given, "--no-verify"]) == 1
    out, err = capsys.readouterr()
    assert [line.split()[-1] for line in out.splitlines()[2:6]] == ["ok", "unknown", "unknown", "unknown"]
    assert out.count("into one folder" if not given else "has not all the annotations") == 1
    assert "train_semi, validation, test: " in out
    assert "nothing else is missing" in err
    assert "Not complete" not in err


@pytest.mark.parametrize("command", ["check", "show", "convert", "download", "prepare", "match", "distance-match"])
def test_mode_is_taken_wherever_config_is(command: str) -> None:
    needed = {"show": ["D", "--output", "O"], "convert": ["I", "O"], "download": [], "prepare": ["I", "O"], "match": []}
    needed |= {"check": ["I"], "distance-match": ["I", "O", "--backbone", "B"]}
    assert build_parser().parse_args([command, *needed[command], "--mode", "50"]).config == "50"
