"""Everything that is kept lies where the user said; a cache that can't be written costs time and not the result."""

import os
import re
import shutil
import stat
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import datasets
import pytest

import imagenet_s
from imagenet_s.cli.main import main
from imagenet_s.conversion.shards import Options, convert

ROOT = Path(imagenet_s.__file__).parent
COUNTS = {"train": 52, "train_semi": 10, "validation": 9, "test": 10}


def run(code: str, tmp_path: Path, umask: int = 0o022, **environment: str) -> subprocess.CompletedProcess[str]:
    """A process whose home, and so every default place, is below `tmp_path`."""
    home = {"HOME": str(tmp_path), "HF_HOME": str(tmp_path / "hf"), "TMPDIR": str(tmp_path / "tmp"), **environment}
    (tmp_path / "tmp").mkdir(exist_ok=True)
    given = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "XDG_", "IMAGENET_S_"))}
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={**given, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", **home},
        capture_output=True,
        text=True,
        check=False,
        umask=umask,
        cwd=tmp_path / "tmp",  # nothing of a checkout: "" is on the path of python -c
    )


def load(data_dir: Path, annotations: Path, split: str, **options: object) -> str:
    """Code that prints the number of rows."""
    given = {"data_dir": str(data_dir), "annotations_dir": str(annotations), "verify": False, "split": split, **options}
    return f"import imagenet_s; print(len(list(imagenet_s.load_dataset('50', **{given!r}))))"


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("split", ["validation", "train"])
@pytest.mark.parametrize("layout", ["folders", "tars"])
def test_all_that_is_kept_lies_below_cache_dir(
    layout: str, split: str, miniature: Callable[[str], Path], annotations: Path, tmp_path: Path
) -> None:
    chosen = tmp_path / "chosen"
    done = run(load(miniature(layout), annotations, split, cache_dir=str(chosen)), tmp_path, HF_HOME="/dev/null/hf")
    assert done.stdout.split() == [str(COUNTS[split])], done.stderr
    kept = {path.parts[len(chosen.parts) + 1] for path in files_below(chosen) if "imagenet_s" in path.parts}
    assert {"masks"} <= kept if split == "validation" else kept & {"headers", "indexes"}
    assert [path for path in files_below(tmp_path) if chosen not in path.parents] == []


def test_what_is_kept_may_be_deleted(miniature: Callable[[str], Path], annotations: Path, tmp_path: Path) -> None:
    """What docs/loading.md says of the folders; none of a build's files refers to them."""
    chosen = tmp_path / "chosen"
    code = "\n".join(
        load(miniature(layout), annotations, split, cache_dir=str(chosen), **options)
        for layout in ("folders", "tars")
        for split in ("train", "validation")
        for options in ({}, {"download_mode": "force_redownload"})
    )
    expected = [str(COUNTS[split]) for split in ("train", "validation") for _ in range(2)] * 2
    assert run(code, tmp_path).stdout.split() == expected
    page = (ROOT / "docs" / "loading.md").read_text(encoding="utf-8")
    named = {chosen / "imagenet_s" / name for name in re.findall(r"`imagenet_s/(\w+)`", page)}
    assert {path.name for path in named} == {"masks", "indexes", "headers"}
    for folder in named:
        assert files_below(folder), f"{folder.name} is where the page says"
        shutil.rmtree(folder)
    done = run(code, tmp_path)
    assert done.stdout.split() == expected, done.stderr


def test_downloads_lie_below_cache_dir(annotations: Path, tmp_path: Path) -> None:
    from imagenet_s.conversion.annotations import open_annotations
    from imagenet_s.conversion.facts import OFFICIAL

    folder = tmp_path / "chosen" / "imagenet_s" / "downloads"
    folder.mkdir(parents=True)
    file = OFFICIAL.lists["50"]["test"].file
    shutil.copy(annotations / file, folder)
    opened = open_annotations("50", cache_dir=tmp_path / "chosen", verify=False)
    assert opened.members("test").num_rows == 10


@pytest.mark.parametrize(
    "umask", [0o002, pytest.param(0o022, marks=pytest.mark.slow), pytest.param(0o077, marks=pytest.mark.slow)]
)
def test_others_can_read_what_the_umask_allows(
    umask: int, miniature: Callable[[str], Path], annotations: Path, tmp_path: Path
) -> None:
    for split in ("validation", "train"):
        done = run(load(miniature("folders"), annotations, split, cache_dir=str(tmp_path / "chosen")), tmp_path, umask)
        assert done.returncode == 0, done.stderr
    for path in [*files_below(tmp_path / "chosen")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode & 0o666 == 0o666 & ~umask, f"{path} has {mode:o}"


@pytest.mark.parametrize(
    "layout", [pytest.param("folders", marks=pytest.mark.slow), "tars", pytest.param("parquet", marks=pytest.mark.slow)]
)
def test_streams_need_no_cache(
    layout: str, miniature: Callable[[str], Path], annotations: Path, tmp_path: Path
) -> None:
    for split in ("validation", "train"):
        done = run(load(miniature(layout), annotations, split, streaming=True), tmp_path, HF_HOME="/dev/null/hf")
        assert done.stdout.split() == [str(COUNTS[split])], done.stderr
        assert done.stderr.count("can't be written") == 1
    assert files_below(tmp_path) == [], "the temporary folder is removed"


def test_where_nothing_can_be_built_the_variable_is_named(
    miniature: Callable[[str], Path], annotations: Path, tmp_path: Path
) -> None:
    for options, folder in (({}, "/dev/null/hf/datasets"), ({"cache_dir": "/dev/null/chosen"}, "/dev/null/chosen")):
        done = run(load(miniature("folders"), annotations, "test", **options), tmp_path, HF_HOME="/dev/null/hf")
        last = done.stderr.strip().splitlines()[-1]
        assert f"ImageNetSError: {folder} can't be written" in last
        assert "HF_DATASETS_CACHE" in last


@pytest.mark.parametrize("chosen", [".", "cc", "../tmp/cc", "~/cc"])
def test_a_cache_dir_as_people_type_it(
    chosen: str, miniature: Callable[[str], Path], annotations: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Relative to the current folder; read twice, and from another folder."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "tmp").mkdir()
    monkeypatch.chdir(tmp_path / "tmp")
    given = {"data_dir": miniature("folders"), "annotations_dir": annotations, "verify": False, "cache_dir": chosen}
    for _ in range(2):
        loaded = imagenet_s.load_dataset("50", split="validation", **given)
    # `datasets` looks into the current folder for one that is called as the data set is.
    assert len(datasets.load_dataset("imagenet_s", "50", split="test", **given)) == 10
    monkeypatch.chdir("/")
    assert len([row["image"].size for row in loaded]) == 9
    assert list((tmp_path / "tmp" / os.path.expanduser(chosen) / "imagenet_s" / "masks").iterdir())


@pytest.mark.parametrize(
    ("name", "message"),
    [(b"/caf\xe9", r"caf\\xe9: its name is not UTF-8"), (b"", "s3://bucket/cache is an address: expected a file or")],
)
def test_a_cache_dir_that_cannot_be_used(
    name: bytes, message: str, miniature: Callable[[str], Path], annotations: Path, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    chosen = os.fsdecode(os.fsencode(tmp_path) + name) if name else "s3://bucket/cache"
    given = {"data_dir": miniature("folders"), "annotations_dir": annotations, "verify": False, "cache_dir": chosen}
    with pytest.raises(imagenet_s.ImageNetSError, match=message):
        imagenet_s.load_dataset("50", split="test", **given)
    assert list(tmp_path.iterdir()) == []


def test_a_cache_that_can_only_be_read_is_read(
    miniature: Callable[[str], Path], annotations: Path, tmp_path: Path
) -> None:
    """As one that somebody else has filled. Root may write everywhere, so writing is refused by what asks for it."""
    code = load(miniature("folders"), annotations, "validation", cache_dir=str(tmp_path / "chosen"))
    assert run(code, tmp_path).returncode == 0
    before = {path: path.stat().st_mtime_ns for path in files_below(tmp_path / "chosen")}
    forbid = """
        import os
        allowed = os.access
        os.access = lambda path, mode, **k: "chosen" not in str(path) and allowed(path, mode, **k)
    """
    done = run(textwrap.dedent(forbid) + code, tmp_path)
    assert done.stdout.split() == ["9"], done.stderr
    assert {path: path.stat().st_mtime_ns for path in files_below(tmp_path / "chosen")} == before


@pytest.mark.parametrize("layout", ["tars", pytest.param("webdataset", marks=pytest.mark.slow)])
def test_commands_need_no_cache(
    layout: str, miniature: Callable[[str], Path], annotations: Path, tmp_path: Path
) -> None:
    options = ["--annotations-dir", str(annotations), "--no-verify", "--config", "50"]
    for command in (["check", str(miniature(layout))], ["convert", str(miniature(layout)), str(tmp_path / "out")]):
        code = f"import sys; from imagenet_s.cli.main import main; sys.exit(main({[*command, *options]!r}))"
        done = run(code, tmp_path, HF_HOME="/dev/null/hf")
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "index.json").exists()


@pytest.mark.parametrize("command", ["export", "show"])
def test_what_reads_masks_needs_no_cache(
    command: str, miniature: Callable[[str], Path], annotations: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are transcoded in a temporary folder."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", "/dev/null/hf")
    tars, out = str(miniature("tars")), str(tmp_path / "out")
    arguments = {"export": [tars, out, "--format", "coco"], "show": [tars, "--output", out, "--count", "2"]}[command]
    assert main([command, *arguments, "--config", "50", "--annotations-dir", str(annotations), "--no-verify"]) == 0
    assert os.listdir(out)


def test_check_prepares_no_masks(miniature: Callable[[str], Path], annotations: Path, tmp_path: Path) -> None:
    """It looks, and leaves nothing behind."""
    command = [
        "check",
        str(miniature("folders")),
        "--config",
        "50",
        "--annotations-dir",
        str(annotations),
        "--no-verify",
    ]
    done = run(f"from imagenet_s.cli.main import main; print(main({command!r}))", tmp_path)
    assert done.stdout.split()[-1] == "0", done.stderr
    assert [path for path in files_below(tmp_path) if path.suffix == ".arrow"] == []


@pytest.mark.parametrize("command", ["push --dry-run", "convert --verify", "check of a result", "check with a result"])
def test_what_only_looks_writes_nothing(
    command: str, miniature: Callable[[str], Path], annotations: Path, tmp_path: Path, own_cache: Path
) -> None:
    """Into neither the result nor the cache, but for the index of what holds images in large files."""
    out, imagenet = tmp_path / "out", str(miniature("folders"))
    convert(imagenet, out, "50", annotations, Options(verify=False, cache_dir=tmp_path / "cache"))
    before = {path: path.stat().st_mtime_ns for path in files_below(tmp_path)}
    assert files_below(own_cache) == []
    arguments = {
        "push --dry-run": ["push", str(out), "--repo-id", "me/x", "--dry-run"],
        "convert --verify": ["convert", "--verify", str(out)],
        "check of a result": ["check", str(out), "--config", "50"],
        "check with a result": ["check", imagenet, "--config", "50", "--annotations-dir", str(out), "--no-verify"],
    }[command]
    assert main(arguments) == 0
    assert {path: path.stat().st_mtime_ns for path in files_below(tmp_path)} == before
    assert {path.parent.name for path in files_below(own_cache)} <= {"indexes"}


def test_the_demo_leaves_nothing_in_the_cache(tmp_path: Path) -> None:
    code = (
        f"from imagenet_s.cli.main import main; raise SystemExit(main(['demo', '--output', {str(tmp_path / 'd')!r}]))"
    )
    done = run(code, tmp_path)
    assert done.returncode == 0, done.stderr
    assert files_below(tmp_path / "hf") == []
    assert files_below(tmp_path / "d" / "cache" / "imagenet_s" / "masks"), "what is kept lies below --output"


def test_a_folder_called_like_the_package(tmp_path: Path) -> None:
    """In a checkout: a cache, a data set, anything may be called so."""
    shutil.copy(ROOT / "imagenet_s.py", tmp_path)
    for folder in ("conversion", "metrics", "cli"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    for inside in ("masks", "conversion"):
        (tmp_path / "imagenet_s" / inside).mkdir(parents=True)
        done = run("import imagenet_s.conversion.facts as f; print(f.__file__)", tmp_path, PYTHONPATH=str(tmp_path))
        assert done.stdout.startswith(str(tmp_path / "conversion")), done.stderr
