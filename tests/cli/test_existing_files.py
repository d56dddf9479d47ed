"""Files in the way of a result: those of an earlier run are replaced, those of somebody else are named and stay."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from imagenet_s.cli.main import main

Layouts = Callable[[str], Path]


@pytest.fixture
def commands(masks: Path, miniature: Layouts, annotations: Path, tmp_path: Path) -> dict[str, tuple[list[str], Path]]:
    """Each output of each command: the command, and the file that it writes."""
    count = ["--predict-dir", str(masks), "--gt-dir", str(masks), "--config", "50", "--workers", "1"]
    data = ["--config", "50", "--annotations-dir", str(annotations), "--no-verify"]
    imagenet = str(miniature("folders"))
    submit = ["submit", str(masks), str(tmp_path / "o.zip"), "--split", "validation", "--protocol", "free", *data]
    show = ["show", imagenet, "--output", str(tmp_path), "--count", "2", *data]
    return {
        "evaluate --json": (["evaluate", *count, "--json", str(tmp_path / "r.json")], tmp_path / "r.json"),
        "evaluate --report": (["evaluate", *count, "--report", str(tmp_path / "r.html")], tmp_path / "r.html"),
        "evaluate --save-counts": (["evaluate", *count, "--save-counts", str(tmp_path / "c")], tmp_path / "c"),
        "match": (["match", *count, "--session-name", str(tmp_path / "m")], tmp_path / "m.json"),
        "submit": (submit, tmp_path / "o.zip"),
        "submit --json": ([*submit, "--json", str(tmp_path / "s.json")], tmp_path / "s.json"),
        "show": (show, tmp_path / "50-validation-01.png"),
        "show --page": (
            ["show", imagenet, "--page", str(tmp_path / "p.html"), "--count", "2", *data],
            tmp_path / "p.html",
        ),
        "check --json": (["check", imagenet, *data, "--json", str(tmp_path / "k.json")], tmp_path / "k.json"),
        "convert --json": (
            ["convert", imagenet, str(tmp_path / "out"), *data, "--json", str(tmp_path / "v.json")],
            tmp_path / "v.json",
        ),
        "prepare --json": (
            ["prepare", imagenet, str(tmp_path / "tree"), *data, "--json", str(tmp_path / "p.json")],
            tmp_path / "p.json",
        ),
    }


NAMES = (
    *("evaluate --json", "evaluate --report", "evaluate --save-counts", "match", "submit", "submit --json", "show"),
    *("check --json", "convert --json", "prepare --json", "show --page"),
)


@pytest.mark.parametrize("content", [b"# my notes\n", b'{"mine": 1}', b"PK\x03\x04 no zip", b"\x89PNG\r\n\x1a\n mine"])
@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_somebody_else(
    name: str, content: bytes, commands: dict[str, tuple[list[str], Path]], capsys: pytest.CaptureFixture[str]
) -> None:
    command, file = commands[name]
    file.write_bytes(content)
    assert main(command) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{file} exists and is not" in line
    assert file.read_bytes() == content
    assert [path.name for path in file.parent.iterdir()] == [file.name], "nothing else was written"


@pytest.mark.parametrize("name", NAMES)
def test_the_result_of_an_earlier_run(name: str, commands: dict[str, tuple[list[str], Path]]) -> None:
    command, file = commands[name]
    assert main(command) == 0
    first = file.read_bytes()
    assert main(command) == 0
    if not name.startswith("prepare"):  # that counts what is new
        assert file.read_bytes() == first


@pytest.mark.parametrize(("first", "second"), [("--json", "--save-counts"), ("--report", "--json")])
def test_two_results_in_one_file(
    first: str, second: str, commands: dict[str, tuple[list[str], Path]], tmp_path: Path, capsys
) -> None:
    """The later would replace the earlier, without a word; "." and links do not hide that they are one."""
    command = commands["evaluate --json"][0][:-2]
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    assert main([*command, first, str(tmp_path / "x"), second, str(tmp_path / "link" / "x")]) == 1
    assert "x would be written twice: give each result a file of its own" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()
    assert main([*command, first, "/dev/null", second, "/dev/null"]) == 0


@pytest.mark.parametrize("name", [*NAMES, "prepare", "export", "distance-match", "show --output", "--annotations-dir"])
def test_an_address_is_no_local_file(
    name: str, commands: dict[str, tuple[list[str], Path]], tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`s3://bucket/x` would be written into a folder called `s3:`, and seem to be there."""
    monkeypatch.chdir(tmp_path)
    imagenet = commands["check --json"][0][1]
    more = {
        "prepare": ["prepare", imagenet, "s3://bucket/x", "--config", "50"],
        "export": ["export", imagenet, "s3://bucket/x", "--format", "coco"],
        "distance-match": ["distance-match", imagenet, "s3://bucket/x", "--backbone", "none"],
        "show --output": ["show", imagenet, "--output", "s3://bucket/x"],
        "--annotations-dir": ["check", imagenet, "--annotations-dir", "s3://bucket/x"],
    }
    command, file = commands.get(name, (more.get(name, []), tmp_path))
    given = {str(file), str(file.with_suffix(""))} if name != "show" else {str(tmp_path)}
    with pytest.raises(SystemExit) as ended:
        main(["s3://bucket/x" if item in given else item for item in command])
    assert ended.value.code == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert "s3://bucket/x is an address: expected a file or folder of this machine" in line
    assert list(tmp_path.iterdir()) == []


def test_file_addresses_are_paths(masks: Path, annotations: Path, tmp_path: Path, miniature: Layouts) -> None:
    (tmp_path / "a b").symlink_to(annotations)
    data = ["--config", "50", "--annotations-dir", (tmp_path / "a b").as_uri(), "--no-verify"]
    score = ["--predict-dir", masks.as_uri(), "--gt-dir", masks.as_uri(), "--config", "50", "--workers", "1"]
    for out in ("tree", "parquet", "coco", "k.json", "c.npz"):
        where = (tmp_path / "o o" / out).as_uri()
        command = {
            "tree": ["prepare", str(miniature("folders")), where, "--splits", "validation", *data],
            "parquet": ["convert", str(miniature("folders")), where, "--splits", "validation", *data],
            "coco": ["export", annotations.as_uri(), where, "--format", "coco", *data],
            "k.json": ["check", miniature("folders").as_uri(), "--json", where, *data],
            "c.npz": ["match", *score, "--save-counts", where, "--session-name", f"file://localhost{tmp_path}/m"],
        }[out]
        assert main(command) == 0
        assert (tmp_path / "o o" / out).exists()
    assert (tmp_path / "m.json").exists()


@pytest.mark.parametrize("where", ["same", "inside", "around"])
@pytest.mark.parametrize("command", ["show", "distance-match", "export"])
def test_an_output_that_overlaps_the_source(
    command: str, where: str, miniature: Layouts, annotations: Path, tmp_path: Path, capsys
) -> None:
    source = shutil.copytree(miniature("folders"), tmp_path / "data" / "imagenet")
    out = {"same": source, "inside": source / "sheets", "around": source.parent}[where]
    before = sorted(source.rglob("*"))
    data = ["--config", "50", "--annotations-dir", str(annotations), "--no-verify"]
    given = {"show": ["--output"], "distance-match": ["--backbone", "none"], "export": ["--format", "foreground"]}[
        command
    ]
    given = [*given, str(out)]
    assert main([command, str(source), *given, *data]) == 1
    assert "which is only read" in capsys.readouterr().err
    assert sorted(source.rglob("*")) == before
