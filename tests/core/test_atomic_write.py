"""Files are complete or not there, whatever happens to the process or the disk that writes them."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from imagenet_s.conversion.core import atomic_write as module
from imagenet_s.conversion.core.atomic_write import atomic_write, is_temporary, temporary_name

WRITE = """
import os, resource, signal, sys
from imagenet_s.conversion.core.atomic_write import atomic_write
target, size, limit, kill = sys.argv[1], *map(int, sys.argv[2:])
if limit:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
with atomic_write(target) as file:
    file.write(b"x" * size)
    if kill:
        file.flush()
        print("written", flush=True)
        sys.stdin.readline() if kill < 0 else os.kill(os.getpid(), kill)
"""
"""Writes a file, on a disk with room for `limit` bytes. `kill`: a signal ends it in the middle, or -1 lets it wait."""


def start(target: Path, size: int = 5000, limit: int = 0, kill: int = 0) -> "subprocess.Popen[str]":
    arguments = [str(argument) for argument in (target, size, limit, kill)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([sys.executable, "-c", WRITE, *arguments], text=True, **pipes)


def write(path: Path, content: bytes) -> None:
    with atomic_write(path) as file:
        file.write(content)


@pytest.mark.parametrize("limit", [1, 4095, 4096, 4999])
def test_a_disk_that_becomes_full(limit: int, tmp_path: Path) -> None:
    """The system takes the first bytes of a write and refuses the rest: that is an error, not a shorter file."""
    target = tmp_path / "index.json"
    target.write_bytes(b"an earlier one")
    process = start(target, limit=limit)
    _, errors = process.communicate(timeout=60)
    assert process.returncode
    assert f"File too large: '{target}'" in errors
    assert target.read_bytes() == b"an earlier one"
    assert os.listdir(tmp_path) == ["index.json"]


def test_a_disk_that_cannot_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What fsync says is believed: of a full device, as the kernel itself gives it."""

    def fails(descriptor: int) -> None:
        full = os.open("/dev/full", os.O_WRONLY)
        try:
            os.write(full, b"x")
        finally:
            os.close(full)

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(OSError, match=f"No space left.*{tmp_path}/a"):
        write(tmp_path / "a", b"x")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
@pytest.mark.parametrize("room", range(4, 24, 4))
def test_a_real_full_disk(room: int, tmp_path: Path) -> None:
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={room}k", "tmpfs", str(tmp_path)]).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        process = start(tmp_path / "index.json", size=13_000)
        failed = process.wait(60)
        sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
        assert sizes == ({} if failed else {"index.json": 13_000})
        assert bool(failed) == (room < 16)
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_what_a_killed_process_leaves_is_removed(number: int, tmp_path: Path) -> None:
    target = tmp_path / "counts[1]*.npz"
    write(target, b"old")
    for _ in range(2):
        assert start(target, kill=number).wait(60) == -number
        assert target.read_bytes() == b"old"
    (left,) = set(os.listdir(tmp_path)) - {target.name}
    assert is_temporary(left, target.name), "the second run removed what the first had left"
    write(target, b"new")
    assert os.listdir(tmp_path) == [target.name]
    assert target.read_bytes() == b"new"


def test_what_a_running_process_writes_is_not_removed(tmp_path: Path) -> None:
    target = tmp_path / "o.zip"
    process = start(target, size=9, kill=-1)
    assert process.stdout is not None
    assert process.stdout.readline() == "written\n"
    write(target, b"mine")
    assert len(os.listdir(tmp_path)) == 2
    process.communicate("go on\n", timeout=60)
    assert process.returncode == 0
    assert target.read_bytes() == b"x" * 9
    assert os.listdir(tmp_path) == ["o.zip"]


def test_files_of_somebody_else_are_not_removed(tmp_path: Path) -> None:
    names = {".notes.incomplete", "o.zip.incomplete", ".o.zip.0123456789ab.incomplete.txt", temporary_name("other")}
    for name in names:
        (tmp_path / name).write_bytes(b"mine")
    folder, pipe = temporary_name("o.zip"), temporary_name("o.zip")
    (tmp_path / folder).mkdir()
    os.mkfifo(tmp_path / pipe)  # nobody writes to it: opening it must not wait
    write(tmp_path / "o.zip", b"new")
    assert set(os.listdir(tmp_path)) == {*names, folder, pipe, "o.zip"}


def test_the_name_of_an_abandoned_file_is_that_of_another_by_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between opening it and getting its lock, another process removed it, and a writer took the name."""
    left = tmp_path / temporary_name("o.zip")
    left.write_bytes(b"abandoned")

    def lock(descriptor: int, wait: bool = False) -> bool:
        if not wait:  # the lock of the abandoned file
            left.unlink()
            left.write_bytes(b"half of another")
        return True

    monkeypatch.setattr(module, "try_lock", lock)
    write(tmp_path / "o.zip", b"new")
    assert left.read_bytes() == b"half of another"


def test_a_new_file_is_taken_for_an_abandoned_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between making it and getting its lock: it is made again, by another name."""
    made: list[str] = []

    def lock(descriptor: int, wait: bool = False) -> bool:
        made.extend(set(os.listdir(tmp_path)) - set(made))
        if len(made) == 1:
            (tmp_path / made[0]).unlink()
        return True

    monkeypatch.setattr(module, "try_lock", lock)
    write(tmp_path / "o.zip", b"new")
    assert len(made) == 2
    assert os.listdir(tmp_path) == ["o.zip"]
    assert (tmp_path / "o.zip").read_bytes() == b"new"


def test_many_writers_of_one_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "counts.npz"
    contents = [bytes([number]) * 100_000 for number in range(8)]
    errors: list[OSError] = []

    def work(content: bytes) -> None:
        try:
            for _ in range(20):
                write(path, content)
        except OSError as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert path.read_bytes() in contents
    assert os.listdir(tmp_path) == [path.name]


def test_an_error_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "new" / "counts.npz"
    write(path, b"old")
    with pytest.raises(ZeroDivisionError), atomic_write(path) as file:  # noqa: PT012
        file.write(b"half")
        raise ZeroDivisionError
    assert (path.read_bytes(), os.listdir(path.parent)) == (b"old", [path.name])


def test_a_link_that_was_named_is_followed_and_stays(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    for target in ("runs/3.json", "runs/new.json"):
        (tmp_path / "latest.json").unlink(missing_ok=True)
        (tmp_path / "latest.json").symlink_to(target)
        write(tmp_path / "latest.json", b"old")
        write(tmp_path / "latest.json", b"new")
        assert (tmp_path / "latest.json").is_symlink()
        assert (tmp_path / target).read_bytes() == b"new"


def test_what_is_no_regular_file_is_written_to_and_stays(tmp_path: Path) -> None:
    write(Path(os.devnull), b"x")
    assert not Path(os.devnull).is_file()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write(pipe, b"through")
    assert os.read(reader, 100) == b"through"
    os.close(reader)
    assert os.listdir(tmp_path) == ["pipe"]
    with pytest.raises(IsADirectoryError):
        write(tmp_path, b"")


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="looks into /proc")
@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "link"])
@pytest.mark.parametrize("mode", ["pipe", "wb", "ab"])
def test_what_is_open_already_is_continued(name: str, mode: str, tmp_path: Path) -> None:
    """Behind what was printed, also into a file, which stays the same; and what is printed later follows."""
    (tmp_path / "link").symlink_to("/dev/stdout")
    code = "import sys; from imagenet_s.conversion.core.atomic_write import atomic_write\nprint('before')\n"
    code += "with atomic_write(sys.argv[1]) as file: file.write(b'page\\n')\nprint('behind')\n"
    command = [sys.executable, "-c", code, name]
    if mode == "pipe":
        printed = subprocess.run(command, cwd=tmp_path, stdout=-1, check=True).stdout
    else:
        redirected = tmp_path / "x"
        redirected.write_bytes(b"")
        with redirected.open(mode) as file:
            subprocess.run(command, cwd=tmp_path, stdout=file, check=True)
            assert os.path.samestat(os.fstat(file.fileno()), redirected.stat())
        printed = redirected.read_bytes()
    assert printed == b"before\npage\nbehind\n"
    assert Path("/dev/stdout").is_symlink()
