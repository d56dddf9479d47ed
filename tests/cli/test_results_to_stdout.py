"""`/dev/stdout` as the file of a result: the result goes where the output goes, and no device or file is replaced."""

import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import huggingface_hub
import numpy as np
import pytest
from written_commands import Inputs, made_inputs

from imagenet_s.cli.main import main

Layouts = Callable[[str], Path]

HAS_RESULTS = hasattr(huggingface_hub, "EvalResultEntry")
"""Since huggingface_hub 1.4."""
pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="looks into /proc")


@pytest.fixture(scope="module")
def inputs(miniature: Layouts, annotations: Path, tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    return made_inputs(tmp_path_factory.mktemp("inputs"), miniature("folders"), miniature("tars"), annotations)


COMMANDS = {
    "evaluate --report": "evaluate --counts COUNTS --report RESULT",
    "evaluate --json": "evaluate --counts COUNTS --json RESULT",
    "evaluate --save-counts": "evaluate --predict-dir MASKS --gt-dir MASKS --config 919 --save-counts RESULT",
    "evaluate-maps --report": "evaluate-maps --maps-dir MAPS --gt-dir MASKS --config 919 --report RESULT",
    "evaluate-maps --save-counts": "evaluate-maps --maps-dir MAPS --gt-dir MASKS --config 919 --save-counts RESULT",
    "compare --report": "compare COUNTS COUNTS --report RESULT",
    "results --output": (
        "results COUNTS --model me/model --dataset me/imagenet-s --protocol free --i-followed-the-rules --any-images "
        "--date 2026-11-25 --output RESULT"
    ),
    "show --page": "show FOLDERS --config 919 --annotations-dir ANNOTATIONS --no-verify --page RESULT",
    "submit": (
        "submit MASKS RESULT --config 919 --annotations-dir ANNOTATIONS --no-verify --split validation --protocol free"
    ),
}


def run(command: str, inputs: Inputs, result: Path) -> None:
    places = {name.upper(): place for name, place in vars(inputs).items()} | {"RESULT": str(result)}
    words = [places.get(word, word) for word in command.split()]
    workers = ["--workers", "1"] if words[0] in ("evaluate", "evaluate-maps") else []
    assert main([*words, *workers]) == 0


@pytest.mark.parametrize("kind", ["file", "pipe"])
@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "results --output" or HAS_RESULTS])
def test_a_result_to_stdout(name: str, kind: str, inputs: Inputs, tmp_path: Path, capsys) -> None:
    run(COMMANDS[name], inputs, tmp_path / "plain")
    stdout = os.dup(1)
    if kind == "file":
        source = sink = os.open(tmp_path / "x", os.O_RDWR | os.O_CREAT)
    else:
        source, sink = os.pipe()
        os.set_blocking(source, False)
        import fcntl

        fcntl.fcntl(sink, fcntl.F_SETPIPE_SZ, 1 << 20)  # nobody reads meanwhile
    os.dup2(sink, 1)
    try:
        run(COMMANDS[name], inputs, Path("/dev/stdout"))
    finally:
        os.dup2(stdout, 1)
        os.close(stdout)
    content = os.pread(source, 1 << 20, 0) if kind == "file" else os.read(source, 1 << 20)
    expected = (tmp_path / "plain").read_bytes()
    if name.endswith("--save-counts"):  # a zip holds the time
        (tmp_path / "counts").write_bytes(content)
        assert np.load(tmp_path / "counts").keys() == np.load(tmp_path / "plain").keys()
    elif name == "submit" and kind == "pipe":  # where one can't go back, zipfile writes sizes behind the files
        (tmp_path / "zip").write_bytes(content)
        with zipfile.ZipFile(tmp_path / "zip") as piped, zipfile.ZipFile(tmp_path / "plain") as plain:
            assert {n: piped.read(n) for n in piped.namelist()} == {n: plain.read(n) for n in plain.namelist()}
    else:
        assert content == expected
    assert Path("/dev/stdout").is_symlink()
    os.close(source)
    if sink != source:
        os.close(sink)
