"""`imagenet-s submit`, and `imagenet-s evaluate` of the zip."""

import json
import shlex
import shutil
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from counted_names import Counted
from predicted_masks import IDS, KEYS, write_predictions

import imagenet_s
from imagenet_s.cli.main import main
from imagenet_s.conversion.submission.protocols import PROTOCOLS, TEST_SERVER

Layouts = Callable[[str], Path]


def test_pack_and_check(
    predictions: Path, annotations: Path, miniature: Layouts, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.zip"
    common = ["--config", "50", "--annotations-dir", str(annotations), "--no-verify"]
    describe = ["--method", "PASS", "--train-data", "ImageNet-S-50", "--train-scheme", "SSL"]
    sizes = ["--imagenet", str(miniature("tars"))]
    assert main(["submit", str(predictions), str(out), "--protocol", "unsupervised", *common, *describe, *sizes]) == 0
    captured = capsys.readouterr()
    assert f"{out} written: 10 predictions of ImageNet-S-50 test" in captured.out
    assert "takes no submissions since 2026-01-20" in captured.err
    assert "not checked" not in captured.err
    with zipfile.ZipFile(out) as archive:
        lines = archive.read("method.txt").decode().splitlines()
    assert lines[:4] == [
        "Method name: PASS",
        "Training data: ImageNet-S-50",
        "Training scheme: SSL",
        "Networks: null",
    ]
    assert main(["submit", "--check", str(out), *common]) == 0
    captured = capsys.readouterr()
    assert f"{out} in order: 10 predictions" in captured.out
    assert "The sizes of 10 predictions were not checked" in captured.err
    assert main(["submit", "--check", str(out), "--json", "-", *common]) == 0
    assert json.loads(capsys.readouterr().out)["problems"] == []


def test_problems(predictions: Path, annotations: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (predictions / KEYS[IDS[0]]).unlink()
    (predictions / KEYS[IDS[1]]).write_bytes(b"no PNG")
    out = tmp_path / "out.zip"
    common = ["--config", "50", "--annotations-dir", str(annotations), "--no-verify", "--protocol", "free"]
    assert main(["submit", str(predictions), str(out), *common]) == 1
    printed = capsys.readouterr().out
    assert f"missing: 1\n  {KEYS[IDS[0]]} is missing\n" in printed
    assert f"  {KEYS[IDS[1]]} is not a readable PNG" in printed
    assert f"2 problems; {out} was not written" in printed
    assert not out.exists()


@pytest.mark.parametrize("name", PROTOCOLS)
def test_the_rules_of_a_protocol(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["submit", "--protocol", name]) == 0
    printed = capsys.readouterr().out
    assert PROTOCOLS[name].title in printed
    assert TEST_SERVER.closed_since in printed
    assert all(rule in printed for rule in (*PROTOCOLS[name].must, *PROTOCOLS[name].may, *PROTOCOLS[name].must_not))


def test_pages_say_of_the_server_what_protocols_json_says() -> None:
    """None sends people to the closed server without saying so; with a successor, this names the pages to rewrite."""
    root = Path(imagenet_s.__file__).parent
    texts = {path: path.read_text(encoding="utf-8") for path in (*root.glob("*.md"), *root.glob("docs/*.md"))}
    about = {path.name: text for path, text in texts.items() if "codalab" in text.lower()}
    assert {"README.md", "results.md", "from-the-official-toolbox.md"} <= set(about)
    for page in [*about.values(), (root / "dataset_card.md").read_text(encoding="utf-8")]:
        assert TEST_SERVER.closed_since in page
        assert (TEST_SERVER.successor or "") in page


def test_help_follows_the_state_of_the_server(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    line = " ".join(capsys.readouterr().out.split())
    assert ("the official test server (closed)" in line) is (TEST_SERVER.successor is None)


def test_protocols_as_the_official_table_has_them() -> None:
    """Official readme, "Submission rules": who may use what."""
    numbers = {name: protocol.url.rsplit("/", 1)[1] for name, protocol in PROTOCOLS.items()}
    assert numbers == {"unsupervised": "1317", "distance": "1315", "semi": "1318", "free": "1316"}

    def who(word: str, list_name: str) -> set[str]:
        return {
            name for name, protocol in PROTOCOLS.items() if any(word in rule for rule in getattr(protocol, list_name))
        }

    assert who("only", "must") == {"unsupervised", "distance", "semi"}
    assert who("without labels, as it is", "must") == {"distance"}
    assert who("generate labels", "may") == {"unsupervised", "free"}
    assert who("fine-tune on the annotated train_semi", "may") == {"semi", "free"}
    for word in ("weights that were trained with labels", "outside of ImageNet-S", "edge or saliency"):
        assert who(word, "may") == {"free"}
        assert who(word, "must_not") == {"unsupervised", "distance", "semi"}
    assert who("fine-tune on 300 or 50", "must_not") == {"unsupervised", "distance", "semi"}
    assert who("validation and test images", "must_not") == set(PROTOCOLS)


def test_a_description_that_is_no_utf8(predictions: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As a terminal in Latin-1 gives it: the line of method.txt is named, with the bytes as escapes."""
    out = tmp_path / "out.zip"
    options = ["--config", "50", "--protocol", "free", "--method", "caf\udce9"]
    assert main(["submit", str(predictions), str(out), *options]) == 1
    assert r"Method name 'caf\udce9' is not text in UTF-8" in capsys.readouterr().err
    assert not out.exists()


def test_a_match_where_none_is_needed(
    predictions: Path, annotations: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    match = tmp_path / "match.json"
    match.write_text(json.dumps({str(i): i for i in range(51)}))
    common = ["--config", "50", "--annotations-dir", str(annotations), "--no-verify", "--match", str(match)]
    assert main(["submit", str(predictions), str(tmp_path / "out.zip"), "--protocol", "semi", *common]) == 0
    assert "Beware: a match was given" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ([], "--check ZIP, or --protocol alone"),
        (["a"], "--check ZIP, or --protocol alone"),
        (["a", "b.zip"], "--config is missing"),
        (["a", "b.zip", "--config", "50"], "--protocol is missing"),
        (["a", "b.zip", "--config", "50", "--check", "c.zip"], "give no PREDICTIONS"),
        (["--config", "50", "--check", "c.zip", "--match", "m.json"], "--match goes into a zip when it is packed"),
        (["--config", "50", "--check", "c.zip", "--train-data", "all"], "--train-data goes into a zip"),
    ],
)
def test_arguments_that_do_not_go_together(arguments: list[str], text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["submit", *arguments]) == 1
    assert text in capsys.readouterr().err


@pytest.mark.parametrize("config", ["50", "919"])
def test_scored_from_the_zip_as_from_the_folder(
    config: str,
    miniature: Layouts,
    annotations: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = write_predictions(tmp_path / "predictions", config, "validation")
    out = tmp_path / "out.zip"
    where = ["--annotations-dir", str(annotations), "--no-verify"]
    submit = ["submit", str(folder), str(out), "--config", config, "--split", "validation", "--protocol", "free"]
    assert main([*submit, *where]) == 0
    assert "not checked" not in capsys.readouterr().err, "the masks of validation tell the sizes"
    gt = miniature(f"tree-{config}") / f"ImageNetS{config}" / "validation-segmentation"
    figures = []
    for predictions in (folder, out):
        scoring = ["--gt-dir", str(gt), "--config", config, "--matching", "hungarian", "--json", "-"]
        assert main(["evaluate", "--predict-dir", str(predictions), *scoring]) == 0
        figures.append(json.loads(capsys.readouterr().out))
    assert figures[0] == figures[1]
    assert 0 < figures[0]["mean_iou"] < 1


def test_predictions_of_another_split_are_one_line(
    annotations: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Packed or checked as test, which is the default; and the other way round."""
    common = ["--config", "50", "--annotations-dir", str(annotations), "--no-verify"]
    protocol = ["--protocol", "free"]
    for split, wrong in (("validation", "test"), ("test", "validation"), ("train_semi", "test")):
        folder, out = tmp_path / split, tmp_path / f"{split}.zip"
        write_predictions(folder, "50", split)
        assert main(["submit", str(folder), str(out), "--split", wrong, *common, *protocol]) == 1
        output = capsys.readouterr()
        advice = "submissions are of test" if split == "train_semi" else f"--split {split}"
        assert f"holds predictions of {split}, and none of {wrong}: " in output.err.splitlines()[-1]
        assert advice in output.err.splitlines()[-1]
        assert not output.out
        assert not out.exists()
        if split != "train_semi":
            assert main(["submit", str(folder), str(out), "--split", split, *common, *protocol]) == 0
            capsys.readouterr()
            assert main(["submit", "--check", str(out), "--split", wrong, *common]) == 1
            assert f"--split {split}" in capsys.readouterr().err


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
def test_predictions_of_several_splits_are_one_line(
    packed: bool, annotations: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder for each split, as distance-match leaves them: the one to give is named."""
    for split in ("validation", "test"):
        write_predictions(tmp_path / "p" / split, "50", split)
    given = shutil.make_archive(str(tmp_path / "p"), "zip", tmp_path / "p") if packed else str(tmp_path / "p")
    common = ["--config", "50", "--annotations-dir", str(annotations), "--no-verify", "--protocol", "free"]
    for split in ("validation", "test"):
        assert main(["submit", given, str(tmp_path / "out.zip"), "--split", split, *common]) == 1
        output = capsys.readouterr()
        assert f"{given} holds a folder for each of several splits: give its folder {split}." in output.err
        assert not output.out


def test_a_submission_of_validation_says_what_it_is_good_for(
    annotations: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_predictions(tmp_path / "p", "50", "validation")
    out = tmp_path / "o.zip"
    common = ["--config", "50", "--annotations-dir", str(annotations), "--no-verify", "--split", "validation"]
    assert main(["submit", str(tmp_path / "p"), str(out), *common, "--protocol", "free"]) == 0
    error = capsys.readouterr().err.splitlines()[-1]
    assert "no server takes this zip" in error
    command = shlex.split(error.partition("Score it: ")[2])
    assert main(["evaluate", *(str(tmp_path / "p") if argument == "GT" else argument for argument in command[2:])]) == 0


def test_a_submission_of_test_says_that_the_server_is_closed(
    predictions: Path, annotations: Path, tmp_path: Path
) -> None:
    common = ["--config", "50", "--annotations-dir", str(annotations), "--no-verify", "--protocol", "semi"]
    command = [sys.executable, "-m", "imagenet_s.cli.main", "submit"]
    command += [str(predictions), str(tmp_path / "o.zip"), *common]
    error = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    assert "no submissions since 2026-01-20" in error.splitlines()[-1]
    assert "no submissions since 2026-01-20" in " ".join(
        subprocess.run([*command[:4], "--help"], capture_output=True, text=True, check=True).stdout.split()
    )


def test_sizes_of_missing_predictions_are_no_reason_to_ask_for_imagenet(
    predictions: Path, annotations: Path, miniature: Layouts, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for image_id in IDS[:3]:
        (predictions / KEYS[image_id]).unlink()
    common = ["--config", "50", "--annotations-dir", str(annotations), "--no-verify", "--protocol", "free"]
    arguments = ["submit", str(predictions), str(tmp_path / "o.zip"), *common]
    assert main([*arguments, "--imagenet", str(miniature("folders"))]) == 1
    assert "not checked" not in capsys.readouterr().err
    assert main(arguments) == 1
    assert "The sizes of 7 predictions were not checked: say where ImageNet is" in capsys.readouterr().err


def test_a_name_twice_among_very_many_is_found_at_once(
    annotations: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each name is looked at once or twice: a count of each in a list of all took 43 seconds for the 27,424 of test."""
    path, names = tmp_path / "twice.zip", [*range(1000), 7]
    with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for number in names:
            archive.writestr(f"n01440764/ILSVRC2012_val_{number:08}.png", b"")
    plain = zipfile.ZipFile.namelist
    monkeypatch.setattr(zipfile.ZipFile, "namelist", lambda archive: [Counted(name) for name in plain(archive)])
    common = ["--config", "50", "--annotations-dir", str(annotations), "--no-verify"]
    assert main(["submit", "--check", str(path), *common]) == 1
    assert "holds n01440764/ILSVRC2012_val_00000007.png twice" in capsys.readouterr().err
    assert 0 < Counted.compared < 5 * len(names)
