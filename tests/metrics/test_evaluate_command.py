"""`imagenet-s match` and `evaluate`: what they print and write, and how they refuse."""

import itertools
import json
import os
import shlex
import subprocess
import sys

import pytest
from mask_forms import write_official
from mask_trees import NUMBER, expected

from imagenet_s.cli.main import main
from imagenet_s.metrics import MatchedIoU
from imagenet_s.metrics.evaluation.pairing import read_list


def run(*arguments, cwd=None, code=0, file_size=None):
    """`imagenet-s` as a process; `file_size` is the limit of a file in bytes."""
    command = [sys.executable, "-m", "imagenet_s.cli.main", *map(str, arguments)]
    if file_size:
        command = ["prlimit", f"--fsize={file_size}", *command]
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=120)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture
def here(capsys):
    """`imagenet-s` in this process."""

    def call(*arguments, code=0):
        capsys.readouterr()
        returned = main(list(map(str, arguments)))
        captured = capsys.readouterr()
        assert returned == code, captured.err
        return subprocess.CompletedProcess(arguments, returned, captured.out, captured.err)

    return call


def test_match_then_evaluate(trees, tmp_path):
    predictions, references = trees["zip"]
    paths = ["--predict-dir", predictions, "--gt-dir", references, "--mode", "50"]
    matched = run("match", *paths, "--session-name", tmp_path / "session", "--save-counts", tmp_path / "counts.npz")
    assert matched.stdout.strip() == str(tmp_path / "session.json")
    match = json.loads((tmp_path / "session.json").read_text())
    assert {int(k): v for k, v in match.items()} == expected().match("hungarian")
    assert list(match)[-1] == "0"

    result = expected().compute("hungarian")
    direct = run(
        "evaluate", *paths, "--matching", "hungarian", "--workers", 2, "--per-class", "--report", tmp_path / "r.html"
    )
    kept = run("evaluate", "--counts", tmp_path / "counts.npz", "--match", tmp_path / "session.json", "--per-class")
    direct_lines, kept_lines = direct.stdout.splitlines(), kept.stdout.splitlines()
    assert direct_lines.pop(14).startswith(
        "Pairs that the matching leaves open: "
    )  # of a match from a file, nobody knows
    assert direct_lines == kept_lines
    rows = [line.split() for line in direct.stdout.splitlines()]
    names = ["Acc", "mIoU", "mBIoU", "S", "MS", "ML", "L", "BS", "BMS", "BML", "BL", "FMeasure"]
    assert [row[0] for row in rows[1:13]] == names
    assert rows[2] == ["mIoU", f"{100 * result['mean_iou']:.2f}"]
    assert f"{NUMBER} images, ImageNet-S-50" in direct.stdout
    last = rows[-1]
    assert last[0] == "50"
    assert last[-2:] == [f"{100 * result[f'per_category_{kind}iou'][50]:.2f}" for kind in ("", "boundary_")]
    columns = expected().per_image("hungarian")
    page = (tmp_path / "r.html").read_text()
    assert page.count("<li data-id=") == len({i for ids in columns["classes"] for i in ids}) + 1
    assert f"{100 * result['mean_iou']:.2f}" in page
    assert not any(text in page for text in ("<script ", "http://", "https://"))
    assert page.count("src=") == page.count('src="data:image/jpeg;base64,') > 0
    assert min(zip(columns["mean_iou"], columns["name"]))[1] in page


def test_json_is_what_python_gives(trees, tmp_path):
    paths = ["--predict-dir", trees["folder"][0], "--gt-dir", trees["folder"][1], "--config", "50"]
    what = ["--json", "-", "--report", tmp_path / "r.html", "--bootstrap", 50]
    done = run("evaluate", *paths, "--matching", "pixel", *what, "--workers", 1)
    content = json.loads(done.stdout)
    result = expected().compute("pixel")
    assert content["mean_iou"] == result["mean_iou"]
    assert content["per_category_iou"] == result["per_category_iou"]
    assert content["matching"] == {str(k): v for k, v in result["matching"].items()}
    low, high = content["intervals"]["mean_iou"]
    assert low < result["mean_iou"] < high
    assert f">{100 * low:.2f} to {100 * high:.2f}<" in (tmp_path / "r.html").read_text()
    table = run("evaluate", *paths, "--matching", "pixel", "--bootstrap", 50).stdout
    assert f"{100 * low:.2f} to" in table
    assert "95 % interval" in table


def test_missing_predictions_are_told(gaps, tmp_path):
    paths = ["--predict-dir", gaps[0], "--gt-dir", gaps[1], "--config", "50"]
    assert "n1/b.png" in run("evaluate", *paths, code=1).stderr
    done = run("evaluate", *paths, "--on-missing", "skip", "--json", tmp_path / "r.json")
    assert "Predictions missing, left out: 1\n  n1/b.png" in done.stderr
    assert "in another class folder than their reference: 1" in done.stderr
    assert "without a reference, not scored: 1" in done.stderr
    content = json.loads((tmp_path / "r.json").read_text())
    assert (content["missing"], content["num_images"]) == (["n1/b.png"], 2)
    assert content["mean_iou_s"] is None


def test_wrong_command_lines(trees, tmp_path):
    paths = ["--predict-dir", trees["zip"][0], "--gt-dir", trees["zip"][1]]
    assert "--config missing" in run("evaluate", *paths, code=1).stderr
    assert "leave --predict-dir and --gt-dir out, or" in run("evaluate", *paths, "--counts", "x", code=1).stderr
    assert "there is no such file" in run("evaluate", *paths, "--mode", 50, "--match", "x.json", code=1).stderr
    assert "ids are classes, 0..50" in run("evaluate", *paths, "--mode", 50, code=1).stderr
    run("evaluate", *paths, "--mode", 51, code=2)
    run("evaluate", *paths, "--mode", 50, "--match", "x.json", "--matching", "pixel", code=2)
    MatchedIoU(300).save(tmp_path / "c.npz")
    assert "not the 50 of --config" in run("match", "--counts", tmp_path / "c.npz", "--mode", 50, code=1).stderr


def test_ties_are_told(trees, tmp_path, here):
    paths = ["--predict-dir", trees["zip"][0], "--gt-dir", trees["zip"][1], "--config", "50", "--workers", 1]
    result = expected().compute("hungarian")
    low, high = (f"{100 * number:.2f}" for number in result["mean_iou_tie_range"])
    sentence = (
        f"Pairs that the matching leaves open: {result['matching_open_pairs']}. Other matches are as good by its "
        f"objective; ties allow a mIoU of {low} to {high}."
    )
    done = here(
        "evaluate", *paths, "--matching", "hungarian", "--report", tmp_path / "r.html", "--json", tmp_path / "r"
    )
    assert sentence in done.stdout
    assert sentence in (tmp_path / "r.html").read_text()
    content = json.loads((tmp_path / "r").read_text())
    assert content["matching_open_pairs"] == result["matching_open_pairs"] > 0
    assert content["mean_iou_tie_range"] == list(result["mean_iou_tie_range"])
    assert sentence in here("match", *paths, "--session-name", tmp_path / "m").stderr
    pixel = here("evaluate", *paths, "--matching", "hungarian_pixel").stdout
    assert f"{100 * expected().compute('hungarian_pixel')['mean_iou']:.2f}" in pixel
    assert "ties" not in here("evaluate", *paths, "--match", tmp_path / "m.json").stdout


def test_munkres_that_is_not_there(trees, tmp_path, here, monkeypatch):
    paths = ["--predict-dir", tmp_path / "not read yet", "--gt-dir", trees["zip"][1], "--config", "50"]
    monkeypatch.setitem(sys.modules, "munkres", None)
    for command in (["evaluate", *paths], ["match", *paths]):
        done = here(*command, "--matching", "munkres", code=1)
        assert "pip install" in done.stderr
        assert done.stderr.count("\n") == 1


def test_a_single_predicted_id_is_told(gaps, here):
    paths = ["--gt-dir", gaps[1], "--config", "50", "--on-missing", "skip"]
    message = "All predictions hold a single id, {}, in every scored pixel"
    for ids, what in (([[1, 1, 1]], "1"), ([[0, 0, 0]], "0, `other`")):
        for name in ("n1/a.png", "n7/c.png", "n7/d.png"):
            write_official(gaps[0] / name, ids)
        assert message.format(what) in here("evaluate", "--predict-dir", gaps[0], *paths).stderr
    assert "single id" not in here("evaluate", "--predict-dir", gaps[1], *paths).stderr


def test_what_is_left_out_is_told(gaps, tmp_path, here):
    paths = ["--predict-dir", gaps[0], "--gt-dir", gaps[1], "--config", "50"]
    assert "2 of 3 images, ImageNet-S-50" in here("evaluate", *paths, "--on-missing", "skip").stdout
    (tmp_path / "list.txt").write_text("n1/a.png\n")
    done = here("evaluate", *paths, "--list", tmp_path / "list.txt")
    assert "does not list, not scored: 2" in done.stderr
    assert "\n1 image, " in done.stdout


def test_a_figure_without_images_is_one_dash(gaps, here):
    paths = ["--predict-dir", gaps[0], "--gt-dir", gaps[1], "--config", "50", "--on-missing", "skip"]
    table = here("evaluate", *paths, "--bootstrap", 20).stdout
    assert "– to" not in table
    assert {len(line.split()) for line in table.splitlines() if line.startswith(("S ", "BS"))} == {3}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"n1/a.png\nn1/\xff\xfe.png\n", "list.txt, line 2: the byte 0xff is not UTF-8; expected a text in UTF-8"),
        (b"n1/a.png\n/\n", "list.txt, line 2: got '/', expected image ids or paths as <class folder>/<image>.png"),
    ],
)
def test_lists_that_are_no_lists(gaps, tmp_path, content, message, here):
    (tmp_path / "list.txt").write_bytes(content)
    paths = ["--predict-dir", gaps[0], "--gt-dir", gaps[1], "--config", "50"]
    done = here("evaluate", *paths, "--list", tmp_path / "list.txt", code=1)
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    (tmp_path / "list.txt").write_bytes(b"\xef\xbb\xbfn1/a.png\r\n")
    assert read_list(tmp_path / "list.txt") == ["n1/a.png"]


HOSTILE = "\x1b[2J\x1b]0;pwn\x07\u202egnp.\udcff\n.png"


@pytest.mark.parametrize("on_missing", ["error", "skip"])
def test_names_are_made_visible(gaps, tmp_path, on_missing, here):
    for folder in gaps:
        write_official(folder / f"n1/{HOSTILE}", [[1, 1, 0]])
    write_official(gaps[1] / f"n2/{HOSTILE[::-1]}.png", [[1, 1, 0]])
    paths = ["--predict-dir", gaps[0], "--gt-dir", gaps[1], "--config", "50", "--on-missing", on_missing]
    files = ["--report", tmp_path / "r.html", "--json", tmp_path / "r", "--save-counts", tmp_path / "c.npz"]
    done = here("evaluate", *paths, *files, code=int(on_missing == "error"))
    for text in (done.stdout, done.stderr):
        assert not [char for char in text if not char.isprintable() and char != "\n"]
    assert r"\x1b" in done.stderr
    if on_missing == "skip":
        assert HOSTILE in MatchedIoU.load(tmp_path / "c.npz").per_image()["name"][0] + "".join(
            MatchedIoU.load(tmp_path / "c.npz").per_image()["name"]
        )
        assert any(HOSTILE[::-1] in key for key in json.loads((tmp_path / "r").read_text())["missing"])
        again = here("evaluate", "--counts", tmp_path / "c.npz", "--report", tmp_path / "again.html").stdout
        assert again.splitlines()[:13] == done.stdout.splitlines()[:13]


@pytest.mark.skipif(sys.platform != "linux", reason="limits the size of files")
def test_a_result_that_cannot_be_written_leaves_the_old_one(gaps, tmp_path, here):
    paths = ["--predict-dir", gaps[0], "--gt-dir", gaps[1], "--config", "50", "--on-missing", "skip"]
    files = {option: tmp_path / "out" / option[2:] for option in ("--json", "--report", "--save-counts")}
    here("evaluate", *paths, *itertools.chain(*files.items()))
    before = {path: path.read_bytes() for path in files.values()}
    for option, path in files.items():
        # As on a full disk, a write fails half-way: files may not grow beyond 512 bytes.
        assert "File too large" in run("evaluate", *paths, option, path, code=1, file_size=512).stderr
    assert {path: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
    here("evaluate", *paths, "--json", "/dev/null")
    assert not os.path.isfile("/dev/null")
    both = run("evaluate", *paths, "--json", "/dev/stdout").stdout
    assert json.loads(both[both.index("{") : both.rindex("}") + 1])["num_images"] == 2


def test_next_step_of_saved_counts(trees, tmp_path, here):
    """The printed command is run as it is."""
    predictions, references = trees["zip"]
    paths = ["--predict-dir", predictions, "--gt-dir", references, "--config", "50", "--workers", 1]
    message = here(
        "match", *paths, "--session-name", tmp_path / "m", "--save-counts", tmp_path / "it's counts.npz"
    ).stderr
    again = next(line for line in message.splitlines() if line.startswith("Counts written to ")).partition("again: ")[2]
    assert f"{NUMBER} images, ImageNet-S-50" in here(*shlex.split(again)[1:]).stdout
