"""Terminals that lack a character, closed streams, readers that go away: a command does its work all the same."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import huggingface_hub
import pytest
from written_commands import NAMES, Inputs, command, made_inputs

from imagenet_s.cli.main import build_parser, main

Layouts = Callable[[str], Path]
HAS_RESULTS = hasattr(huggingface_hub, "EvalResultEntry")
"""Since huggingface_hub 1.4."""
COMMANDS = [name for name in NAMES if name != "results" or HAS_RESULTS]
SCORING = [name for name in ("evaluate", "evaluate-maps", "compare", "results", "convert") if name in COMMANDS]


@pytest.fixture(scope="module")
def inputs(miniature: Layouts, annotations: Path, tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    return made_inputs(tmp_path_factory.mktemp("inputs"), miniature("folders"), miniature("tars"), annotations)


def files(folder: Path) -> list[str]:
    """Of a result: not the cache of the demo, whose names are digests."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if "cache" not in path.parts)


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "demo"])
def test_ascii_and_no_stderr(name: str, inputs: Inputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command, as a cron job with `2>&-` runs it."""
    (tmp_path / "usual").mkdir()
    (tmp_path / "poor").mkdir()
    assert main(command(name, inputs, tmp_path / "usual")) == 0
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    monkeypatch.setattr(sys, "stderr", None)
    assert main(command(name, inputs, tmp_path / "poor")) == 0
    assert files(tmp_path / "poor") == files(tmp_path / "usual")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437", "shift_jis", "koi8-r", "utf-16", "utf-8"])
def test_figures_without_a_value(encoding: str, inputs: Inputs, tmp_path: Path, monkeypatch) -> None:
    """They are shown as a dash, which few encodings have; a name may have any character."""
    listed = tmp_path / "日本.txt"
    masks = sorted(str(path.relative_to(inputs.masks)) for path in Path(inputs.masks).glob("*/*.png"))
    listed.write_text(masks[0])
    stdout = io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True)
    stderr = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict", write_through=True)
    monkeypatch.setattr(sys, "stdout", stdout)
    monkeypatch.setattr(sys, "stderr", stderr)
    words = ["evaluate", "--predict-dir", inputs.masks, "--gt-dir", inputs.masks, "--config", "919", "--workers", "1"]
    assert main([*words, "--list", str(listed), "--json", str(tmp_path / "x.json")]) == 0
    shown = stdout.buffer.getvalue().decode(encoding)  # type: ignore[attr-defined]
    assert "mIoU" in shown
    assert ("–" if encoding in ("utf-8", "utf-16") else r"\u2013") in shown
    assert ".txt does not list" in stderr.buffer.getvalue().decode(encoding)  # type: ignore[attr-defined]
    assert json.loads((tmp_path / "x.json").read_text())["num_images"] == 1


def test_help_on_a_poor_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """And an argument that it can't show."""
    stdout = io.TextIOWrapper(io.BytesIO(), encoding="ascii", write_through=True)
    monkeypatch.setattr(sys, "stdout", stdout)
    monkeypatch.setattr(sys, "stderr", stdout)
    parser = build_parser()
    parser.description = "– Größe"
    parser.print_help()
    assert rb"\u2013 Gr\xf6\xdfe" in stdout.buffer.getvalue()  # type: ignore[attr-defined]
    with pytest.raises(SystemExit, match="2"):
        main(["größe"])
    assert rb"'gr\xf6\xdfe'" in stdout.buffer.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", SCORING)
def test_the_reader_goes_away(name: str, inputs: Inputs, tmp_path: Path) -> None:
    """Files are written before tables are shown, so that `| head -1` costs none of them."""
    (tmp_path / "usual").mkdir()
    (tmp_path / "gone").mkdir()
    more = ["--json", "r.json"] if name == "convert" else []
    run = [sys.executable, "-u", "-m", "imagenet_s"]
    for folder in ("usual", "gone"):
        source, sink = os.pipe()
        if folder == "gone":
            os.close(source)
        words = [*run, *command(name, inputs, tmp_path / folder), *more]
        done = subprocess.run(words, stdout=sink, stderr=subprocess.PIPE, cwd=tmp_path / folder, check=False)
        assert done.returncode == (folder == "gone"), done.stderr
        os.close(sink)
        if folder == "usual":
            os.close(source)
    assert files(tmp_path / "gone") == files(tmp_path / "usual")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux has it")
def test_hints_that_nobody_can_read(inputs: Inputs, tmp_path: Path) -> None:
    """The log is on a full disk, or was closed around a script of the shell: what is written has not failed."""
    words = [sys.executable, "-m", "imagenet_s", "evaluate", "--counts", inputs.counts, "--save-counts", "again.npz"]
    with open("/dev/full", "w") as full, open(os.devnull) as read_only:
        for stderr in (full, read_only):
            done = subprocess.run(words, stdout=subprocess.PIPE, stderr=stderr, text=True, cwd=tmp_path, check=False)
            assert done.returncode == 0
            assert "mIoU" in done.stdout


@pytest.mark.parametrize("redirection", ["2>&-", ">&-", ">&- 2>&-"])
def test_closed_streams(redirection: str, inputs: Inputs, tmp_path: Path) -> None:
    words = f"{sys.executable} -m imagenet_s evaluate --counts {inputs.counts} --json {tmp_path}/x.json {redirection}"
    done = subprocess.run(["sh", "-c", words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert ("mIoU" in done.stdout) == (redirection == "2>&-")
    assert (tmp_path / "x.json").exists()
