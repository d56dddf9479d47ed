"""What a person at the command line reads: errors, next steps that run, help for the lost."""

import argparse
import ast
import contextlib
import fcntl
import os
import re
import shlex
import shutil
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path

import datasets
import pytest
from PIL import Image

import imagenet_s
from imagenet_s.cli.main import build_parser, main

Layouts = Callable[[str], Path]


def run(*arguments: str, **options: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "imagenet_s.cli.main", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **options)


def subcommands() -> dict[str, argparse.ArgumentParser]:
    (action,) = (item for item in build_parser()._actions if isinstance(item, argparse._SubParsersAction))
    return action.choices


def test_alone_it_prints_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    shown = capsys.readouterr()
    assert shown.out == build_parser().format_help()
    assert all(f"    {name}" in shown.out for name in subcommands())
    assert not shown.err


@pytest.mark.parametrize("name", subcommands())
def test_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every option says what it is."""
    for action in subcommands()[name]._actions:
        assert action.help, f"{name} {action.dest}"
    with pytest.raises(SystemExit):
        main([name, "--help"])
    assert "whole" not in capsys.readouterr().out


@pytest.mark.parametrize("name", [name for name in subcommands() if name not in ("demo", "baselines")])
def test_a_command_alone_says_what_it_needs(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every word in capitals that it asks for is one of its help, in one line."""
    try:
        code = main([name])
    except SystemExit as ended:
        code = ended.code
    lines = capsys.readouterr().err.strip().splitlines()
    assert code in (1, 2)
    assert lines[-1].startswith(
        "imagenet-s: " if code == 1 else f"imagenet-s {name}: error: the following arguments are"
    )
    assert len(lines) == 1 or code == 2
    wanted = re.findall(r"\b[A-Z]{3,}\b|(?<![\w-])--?[a-z-]+|[A-Z]\.npz", lines[-1])
    assert wanted
    assert all(word in subcommands()[name].format_help() for word in wanted)


@pytest.mark.parametrize(
    "command",
    [
        "check IMAGENET",
        "export IMAGENET OUT --format coco",
        "submit P OUT.zip --config 50 --protocol free --imagenet IMAGENET",
        "check-loader data.py:D --gt-dir P --imagenet IMAGENET",
        "evaluate --predict-dir P --gt-dir P --config 50 --report r.html --images IMAGENET",
    ],
)
def test_a_wrong_folder_is_named(command: str, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "P" / "n01443537").mkdir(parents=True)
    Image.new("L", (4, 4)).save(tmp_path / "P" / "n01443537" / "a.png")
    (tmp_path / "data.py").write_text("D = [0]\n")
    assert main(command.split()) == 1
    assert capsys.readouterr().err.splitlines()[-1].startswith(f"imagenet-s: {tmp_path}/IMAGENET is no folder")


@pytest.mark.parametrize(
    "command",
    [
        "show I --output S --seed -1",
        "evaluate --seed -1",
        "evaluate-maps --seed -1",
        "compare a.npz b.npz --seed -1",
        "distance-match I OUT --backbone b:b --size 0",
        "distance-match I OUT --backbone b:b --workers -1",
        "distance-match I OUT --backbone b:b --multiple -1",
    ],
)
def test_numbers_that_are_too_small(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Refused by the name of the option before anything is read."""
    with pytest.raises(SystemExit):
        main(command.split())
    *_, option, number = command.split()
    assert re.search(rf"argument {option}: {number}: expected at least [01]$", capsys.readouterr().err.strip())


def test_an_incomplete_imagenet(miniature: Layouts, annotations: Path, tmp_path: Path) -> None:
    source = shutil.copytree(miniature("folders"), tmp_path / "imagenet")
    next(source.glob("val/*/ILSVRC2012_val_00000206.JPEG")).unlink()
    data = ["--config", "50", "--annotations-dir", str(annotations), "--no-verify"]
    for command in (["convert"], ["prepare"]):
        done = run(*command, str(source), str(tmp_path / command[0]), *data)
        assert done.returncode == 1
        assert 'on_missing="skip" (--on-missing skip) leaves them out' in done.stderr


@pytest.mark.parametrize("missing", [False, True], ids=["complete", "incomplete"])
@pytest.mark.parametrize(
    "form", ["parquet", "arrow", "parquet --no-images", "a name", "a pattern", "a word that datasets knows"]
)
def test_next_steps_of_convert(
    form: str, missing: bool, miniature: Layouts, annotations: Path, tmp_path: Path, capsys, monkeypatch
) -> None:
    """Every printed line is run as it is."""
    monkeypatch.chdir(tmp_path)
    source = shutil.copytree(miniature("folders"), tmp_path / "imagenet")
    names = {"a name": "it's a result", "a pattern": "result[1]", "a word that datasets knows": "parquet"}
    out = names.get(form, str(tmp_path / "out"))
    options = ["--config", "50", "--annotations-dir", str(annotations), "--no-verify"]
    options += {"arrow": ["--format", "arrow"], "parquet --no-images": ["--no-images"]}.get(form, [])
    if missing:
        next(source.glob("val/*/ILSVRC2012_val_00000206.JPEG")).unlink()
        options += ["--on-missing", "skip"]
    assert main(["convert", str(source), out, *options]) == 0
    read, push, check = capsys.readouterr().err.strip().splitlines()[-3:]
    loaded = eval(read.removeprefix("To read it: "), {"datasets": datasets})
    assert len(loaded["validation"]) == 9 - missing
    words = shlex.split(push.removeprefix("To push it: "))
    assert main([*words[1:], "--dry-run"]) == 0
    assert main(shlex.split(check.removeprefix("To check it: "))[1:]) == 0


@pytest.mark.parametrize("missing", [False, True], ids=["complete", "incomplete"])
@pytest.mark.parametrize("splits", [[], ["--splits", "validation"], ["--splits", "train-semi", "validation", "test"]])
def test_next_step_of_prepare(
    splits: list[str], missing: bool, miniature: Layouts, annotations: Path, tmp_path: Path, capsys
) -> None:
    source = shutil.copytree(miniature("folders"), tmp_path / "imagenet")
    options = ["--config", "50", "--annotations-dir", str(annotations), "--no-verify", *splits]
    if missing:
        next(source.glob("val/*/ILSVRC2012_val_00000206.JPEG")).unlink()
        options += ["--on-missing", "skip"]
    assert main(["prepare", str(source), str(tmp_path / "save"), *options]) == 0
    line = capsys.readouterr().err.strip().splitlines()[-1]
    loaded = eval(line.removeprefix("Load it: "), {"load_dataset": datasets.load_dataset})
    assert len(loaded["validation"]) == 9 - missing


def test_next_steps_are_calls_and_commands() -> None:
    """No line of advice has a literal `...` that a shell or Python would take for an argument."""
    root = Path(imagenet_s.__file__).parent / "cli" / "commands"
    for path in ("convert", "prepare", "submit", "distance_match", "download"):
        for node in ast.walk(ast.parse((root / f"{path}.py").read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "hint":
                assert not re.search(r"imagenet-s \w+[^`']* \.\.\.", ast.unparse(node)), path


def test_no_progress_bars_into_pipes(miniature: Layouts, annotations: Path, tmp_path: Path) -> None:
    """Into a file nothing but lines of text; on a terminal the bars are there."""
    code = """
import sys, imagenet_s.cli.commands
from imagenet_s.cli import main as module
def command(args, signals):
    import time
    from tqdm import tqdm
    for _ in tqdm(range(3), desc="counting"): time.sleep(0.01)
    return 0
module._run = command
sys.argv = ["imagenet-s", "demo"]
sys.exit(module.main())
"""
    piped = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert piped.stderr == ""
    terminal, other = os.openpty()
    fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    subprocess.run([sys.executable, "-c", code], stderr=other, check=True)
    os.close(other)
    shown = b""
    with contextlib.suppress(OSError):  # how the other end of a terminal ends
        while piece := os.read(terminal, 10_000):
            shown += piece
    assert b"counting" in shown
    os.close(terminal)
    caller = code.replace("module.main()", "module.main(sys.argv[1:])")
    called = subprocess.run([sys.executable, "-c", caller], capture_output=True, text=True, check=True)
    assert "counting" in called.stderr, "a program that calls `main` keeps its bars"
