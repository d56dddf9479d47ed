"""One rule for every folder that is read: links, folders twice, folders that can't be listed."""

import subprocess
import sys
from pathlib import Path

import pytest

from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.core.walk import walk, walk_files

NAMES = ["a.png", "n01440764/b.png", "n01440764/deep/c.png", "n01443537/d.png"]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for name in (*NAMES, ".hidden/x.png", "lost+found/x.png", "System Volume Information/x.png"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")
    return root


def test_names(tree: Path) -> None:
    assert sorted(walk_files(tree)) == NAMES
    assert list(walk_files(f"{tree}/")) == list(walk_files(tree)), "in one order"


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("latest", "."),
        ("n01440764/up", ".."),
        ("n01440764/deep/top", "../.."),
        ("0first", "n01440764"),
        ("n01440764/next", "../n01443537"),
        ("broken", "nowhere"),
    ],
)
def test_a_folder_is_visited_once_under_its_own_name(tree: Path, link: str, target: str) -> None:
    (tree / link).symlink_to(target)
    assert sorted(walk_files(tree)) == sorted(NAMES + [link] * (link == "broken"))


def test_a_folder_elsewhere_is_followed_once(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere" / "n02").mkdir(parents=True)
    (tmp_path / "elsewhere" / "n02" / "e.png").write_bytes(b"x")
    for link in ("linked", "linked_again"):
        (tree / link).symlink_to(tmp_path / "elsewhere")
    assert sorted(walk_files(tree)) == sorted([*NAMES, "linked/n02/e.png"])
    (tmp_path / "root").symlink_to(tree)
    assert sorted(walk_files(tmp_path / "root")) == sorted([*NAMES, "linked/n02/e.png"])


def test_folders_that_are_left_out_are_not_entered(tree: Path) -> None:
    names = []
    for folder in walk(tree):
        folder.folders[:] = [name for name in folder.folders if name != "n01440764"]
        names += folder.files
    assert names == ["a.png", "d.png"]


def test_no_folder(tree: Path) -> None:
    with pytest.raises(ImageNetSError, match=r"nowhere can't be listed \(No such file"):
        list(walk_files(tree / "nowhere"))


def test_a_folder_that_may_not_be_listed(tree: Path) -> None:
    (tree / "n01443537").chmod(0)
    (tree / "lost+found").chmod(0)
    # Entered before root gives up its rights: the folders above may be closed to others.
    code = (
        "import os, sys\nfrom imagenet_s.conversion.core.walk import walk_files\n"
        "os.chdir(sys.argv[1])\nos.geteuid() or os.setuid(65534)\nprint(list(walk_files('.')))"
    )
    try:
        done = subprocess.run([sys.executable, "-c", code, str(tree)], capture_output=True, text=True)
    finally:
        (tree / "n01443537").chmod(0o755)
        (tree / "lost+found").chmod(0o755)
    assert "./n01443537 can't be listed (Permission denied)" in done.stderr
