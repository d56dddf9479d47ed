"""Options that mean the same have the same names everywhere."""

import argparse
import importlib.metadata

import pytest

from imagenet_s.cli.main import build_parser, main


def commands():
    (action,) = (one for one in build_parser()._actions if isinstance(one, argparse._SubParsersAction))
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


def test_version(capsys):
    """What the bug form asks for: the version that pip knows."""
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"imagenet-s {importlib.metadata.version('imagenet-s')}\n"
