"""Two processes that prepare one tree, with caches of their own, as two users, containers or machines have them."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tree_files import contents

from imagenet_s.conversion.core import locks
from imagenet_s.conversion.official_tree.temporary_folder import temporary_folder

Layouts = Callable[[str], Path]
UNLOCKED = """
import fcntl, sys
def flock(*arguments): raise OSError(38, "Function not implemented")
if sys.argv.pop(1) == "unlocked": fcntl.flock = flock
from imagenet_s.cli.main import main
raise SystemExit(main(sys.argv[1:]))
"""


class Runs:
    """Starts `imagenet-s prepare` into one folder, each time with another cache."""

    def __init__(self, source: Path, annotations: Path, save_dir: Path, caches: Path, *options: str) -> None:
        self.save_dir, self.caches, self.number = save_dir, caches, 0
        self.command = ["prepare", str(source), str(save_dir), "--config", "919", "--no-verify", *options]
        self.command += ["--annotations-dir", str(annotations)]

    def start(self, locks: str = "locked") -> "subprocess.Popen[str]":
        self.number += 1
        cache = self.caches / f"cache{self.number}"
        command = [sys.executable, "-c", UNLOCKED, locks, *self.command]
        environment = {**os.environ, "HF_DATASETS_CACHE": str(cache)}
        return subprocess.Popen(command, env=environment, stdout=-1, stderr=-1, text=True, start_new_session=True)


@pytest.fixture
def runs(miniature: Layouts, annotations: Path, tmp_path: Path) -> Callable[..., Runs]:
    return lambda *options: Runs(miniature("folders"), annotations, tmp_path / "save", tmp_path, *options)


@pytest.mark.parametrize(
    ("options", "locks", "rounds"),
    [
        pytest.param((), "locked", 1, id="links"),
        pytest.param(("--copy",), "unlocked", 1, id="copies without locks"),
        *(
            pytest.param(options, locks, 15, marks=pytest.mark.slow)
            for options in ((), ("--copy",))
            for locks in ("locked", "unlocked")
        ),
    ],
)
def test_two_at_once(
    rounds: int, options: tuple[str, ...], locks: str, runs: Callable[..., Runs], miniature: Layouts
) -> None:
    """Also where the file system has no locks: every file has the bytes that belong there, and both runs succeed."""
    want = contents(miniature("tree-919") / "ImageNetS919")
    run = runs(*options)
    for _ in range(rounds):
        both = [run.start(locks) for _ in range(2)]
        for process in both:
            _, stderr = process.communicate(timeout=120)
            assert process.returncode == 0, stderr
        assert contents(run.save_dir / "ImageNetS919") == want
        assert os.listdir(run.save_dir) == ["ImageNetS919"]
        shutil.rmtree(run.save_dir)


def test_one_of_two_is_killed(runs: Callable[..., Runs], miniature: Layouts) -> None:
    run = runs("--copy")
    first = run.start()
    end = time.monotonic() + 60
    while not list(run.save_dir.glob("*/train/*")) and first.poll() is None and time.monotonic() < end:
        time.sleep(0.001)
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    second = run.start()
    _, stderr = second.communicate(timeout=120)
    assert second.returncode == 0, stderr
    assert contents(run.save_dir / "ImageNetS919") == contents(miniature("tree-919") / "ImageNetS919")


def test_temporary_folders(tmp_path: Path) -> None:
    """One of a killed run is removed, the user's are not."""
    (tmp_path / ".incomplete-a1b2").mkdir()
    (tmp_path / ".incomplete-a1b2" / "0").write_bytes(b"half")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / ".incomplete-link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / ".incomplete-notes.txt").write_bytes(b"mine")
    with temporary_folder(str(tmp_path)) as one:
        assert sorted(os.listdir(tmp_path)) == sorted(
            [os.path.basename(one), ".incomplete-link", ".incomplete-notes.txt", ".incomplete.lock", "elsewhere"]
        )
    assert sorted(os.listdir(tmp_path)) == [".incomplete-link", ".incomplete-notes.txt", "elsewhere"]


def test_without_locks_each_has_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "try_lock", lambda descriptor, wait=False: None)
    with temporary_folder(str(tmp_path)) as one, temporary_folder(str(tmp_path)) as other:
        assert one != other
        assert os.path.isdir(one), "the second did not remove the first one's"
