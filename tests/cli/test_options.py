"""Options that mean the same have the same names everywhere."""

import argparse
import importlib.metadata
import json
import re
import subprocess
import sys

import pytest

from imagenet_s.cli.main import build_parser, main
from imagenet_s.conversion.facts import split_names


def commands():
    (action,) = (item for item in build_parser()._actions if isinstance(item, argparse._SubParsersAction))
    return action.choices


def test_config_has_its_official_name_too():
    with_config = {name: parser for name, parser in commands().items() if "--config" in parser._option_string_actions}
    assert {"check", "convert", "prepare", "show", "match", "evaluate", "distance-match"} <= with_config.keys()
    for name, parser in with_config.items():
        actions = parser._option_string_actions
        assert actions.get("--mode") is actions["--config"], name


def test_split_takes_both_spellings():
    for command in ("match", "evaluate"):
        for text in ("train-semi", "train_semi"):
            assert build_parser().parse_args([command, "--split", text]).split == "train_semi"


def test_numbers_in_the_help_are_the_defaults():
    """Of every option of every command that names one."""
    named = 0
    for name, parser in commands().items():
        for action in parser._actions:
            if told := re.search(r"\bdefault: (\d+(?:\.\d+)?)\b", action.help or ""):
                default = action.default[0] if isinstance(action.default, tuple | list) else action.default
                assert float(default) == float(told[1]), (name, action.dest)
                named += 1
    assert named > 15


def test_version(capsys):
    """What the bug form asks for: the version that pip knows."""
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    version = f"imagenet-s {importlib.metadata.version('imagenet-s')}\n"
    assert capsys.readouterr().out == version
    as_module = [sys.executable, "-m", "imagenet_s", "--version"]
    assert subprocess.run(as_module, capture_output=True, text=True, check=True).stdout == version


def test_workers_of_the_module(miniature, annotations, tmp_path):
    """Each imports the script that started it."""
    command = ["convert", str(miniature("folders")), str(tmp_path / "out"), "--config", "50", "--workers", "2"]
    more = ["--annotations-dir", str(annotations), "--no-verify", "--splits", "validation", "--max-shard-size", "8KB"]
    subprocess.run([sys.executable, "-m", "imagenet_s", *command, *more], capture_output=True, check=True)
    assert main(["convert", "--verify", str(tmp_path / "out")]) == 0


COLOURS = "def colours(batch):\n    return batch[:, :, ::4, ::4]\n"


@pytest.mark.parametrize(
    ("command", "more"),
    [
        ("check", ["--json", "-"]),
        ("convert", ["OUT", "--json", "-"]),
        ("prepare", ["OUT", "--json", "-"]),
        pytest.param("distance-match", ["OUT", "--backbone", "colours:colours"], marks=pytest.mark.torch),
    ],
)
def test_splits_without_the_option_are_those_of_the_help(
    command, more, miniature, annotations, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "colours.py").write_text(COLOURS)
    told = commands()[command]._option_string_actions["--splits"].help
    source = ["--annotations-dir", str(annotations), "--no-verify", "--config", "50"]
    assert main([command, str(miniature("folders")), *more, *source]) == 0
    out = capsys.readouterr().out
    if command == "check":
        assert "all that the source can have" in told
        assert list(json.loads(out)["splits"]) == list(split_names("50"))
    elif command == "prepare":
        assert "all of the configuration otherwise" in told
        used = [split["folder"] for split in json.loads(out)["splits"]]
        assert used == [split.replace("_", "-") for split in split_names("50")]
    elif command == "convert":
        named = re.findall(r"train_semi|train|validation|test", told.partition("default: ")[2])
        assert [load["split"] for load in json.loads(out)] == named
    else:
        named = re.findall(r"(\w+) \(default\)", told)
        assert [path.name for path in (tmp_path / "OUT").iterdir() if path.is_dir()] == named
