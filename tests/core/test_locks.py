"""Locks between processes, and what holds on a file system that has none."""

import errno
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import imagenet_s
from imagenet_s.conversion.core import locks
from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.core.locks import FOLDER_LOCK, folder_locked, locked

fcntl = pytest.importorskip("fcntl")

HOLD = """
import sys
from pathlib import Path
from imagenet_s.conversion.core import locks
with getattr(locks, sys.argv[1])(Path(sys.argv[2]), "works"):
    print("holds it", flush=True)
    sys.stdin.readline()
"""


@pytest.mark.parametrize("kind", ["locked", "folder_locked"])
@pytest.mark.parametrize("end", ["released", "killed"])
def test_another_process_waits(kind: str, end: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Until the lock is released, or its process ends."""
    path = tmp_path / "x.lock" if kind == "locked" else tmp_path
    process = subprocess.Popen([sys.executable, "-c", HOLD, kind, str(path)], stdin=-1, stdout=-1, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "holds it\n"
    order: list[str] = []

    def wait() -> None:
        with getattr(locks, kind)(path, "works"):
            order.append("waited")

    waiting = threading.Thread(target=wait)
    waiting.start()
    while waiting.is_alive() and not caplog.messages:
        waiting.join(0.01)
    assert caplog.messages[0].startswith("Another process works; waiting for it.")
    assert str(tmp_path / ("x.lock" if kind == "locked" else FOLDER_LOCK)) in caplog.messages[0], "which lock"
    if kind == "locked":
        with pytest.raises(ImageNetSError, match="another process works; wait"), locked(path, "works", wait=False):
            pass
    order.append("ends")
    if end == "killed":
        process.kill()
    process.communicate("\n")
    waiting.join(60)
    assert order == ["ends", "waited"]
    assert os.listdir(tmp_path) == (["x.lock"] if kind == "locked" else [])


def test_the_file_that_was_waited_for_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever held the lock before removed it, and another has made one of the same name: that one is the lock now."""
    path = tmp_path / FOLDER_LOCK
    replaced: list[int] = []

    def lock(descriptor: int, wait: bool = False) -> bool:
        if not replaced:
            path.rename(tmp_path / "old")  # kept, so that its number is not given to the next
            path.touch()
            replaced.append(path.stat().st_ino)
        return True

    monkeypatch.setattr(locks, "try_lock", lock)
    with folder_locked(tmp_path, "works") as alone:
        assert alone
        assert path.stat().st_ino == replaced[0]


@pytest.mark.skipif(os.geteuid() == 0, reason="root opens every file")
def test_a_lock_of_another_user(tmp_path: Path) -> None:
    (tmp_path / FOLDER_LOCK).touch(mode=0)
    with folder_locked(tmp_path, "works") as alone:
        assert not alone


def test_folders_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fcntl, "flock", refuse(errno.ENOLCK))
    with folder_locked(tmp_path, "works") as alone, folder_locked(tmp_path, "works") as other:
        assert not alone
        assert not other
    assert not os.listdir(tmp_path)


def refuse(number: int) -> Callable[[int, int], None]:
    def flock(descriptor: int, operation: int) -> None:
        raise OSError(number, os.strerror(number))

    return flock


def _skip_if_taken_for_held(path: Path) -> None:
    """Older releases of filelock wait for ever where a file system refuses locks otherwise than by ENOSYS."""
    from filelock import FileLock, Timeout

    path.parent.mkdir(exist_ok=True)
    try:
        FileLock(path).acquire(timeout=0)
    except Timeout:
        pytest.skip("this filelock takes the refusal for a lock that is held")
    except (OSError, NotImplementedError):
        pass


@pytest.mark.parametrize("refusal", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_flock(refusal: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fcntl, "flock", refuse(refusal))
    _skip_if_taken_for_held(tmp_path / "probe.lock")
    path = tmp_path / "one.lock"
    with locked(path, "works"), pytest.raises(ImageNetSError), locked(path, "works", wait=False):
        pass
    with locked(path, "works", wait=False):
        pass


def test_a_lock_that_a_killed_process_of_another_machine_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where files are the locks, nobody but a person can know that it is nobody's."""
    monkeypatch.setattr(fcntl, "flock", refuse(errno.ENOSYS))
    _skip_if_taken_for_held(tmp_path / "probe.lock")
    with locked(tmp_path / "x.lock", "works"):
        (file,) = [path for path in tmp_path.glob("x.lock*") if path.stat().st_size]
        held = file.read_text().replace(str(os.getpid()), "4711").replace(socket.gethostname(), "node17")
    file.write_text(held)
    os.utime(file, (time.time() - 3 * 3600,) * 2)
    with pytest.raises(ImageNetSError) as refused, locked(tmp_path / "x.lock", "works", wait=False):
        pass
    for word in (str(file), "process 4711 on node17", "3 hours old", "remove that file"):
        assert word in str(refused.value)
    file.unlink()
    with locked(tmp_path / "x.lock", "works", wait=False):
        pass


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the test asks Linux for the name of a descriptor")
def test_a_build_where_there_are_no_locks(
    miniature: Callable[[str], Path], annotations: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`datasets` locks what it builds by itself: all that can be done is to say so."""
    flock = fcntl.flock

    def no_flock(descriptor: int, operation: int) -> None:
        if "/cc/" in os.readlink(f"/proc/self/fd/{descriptor}"):
            raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", no_flock)
    given = {"data_dir": miniature("folders"), "annotations_dir": annotations, "verify": False}
    given["cache_dir"] = tmp_path / "cc"
    _skip_if_taken_for_held(tmp_path / "cc" / "probe.lock")
    with pytest.raises(imagenet_s.ImageNetSError, match=f"{tmp_path}/cc lies on a file system without locks"):
        imagenet_s.load_dataset("50", split="validation", **given)
    assert len(list(imagenet_s.load_dataset("50", split="validation", streaming=True, **given))) == 9
