"""Files are complete or not there, whatever happens to the process or the disk that writes them."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from imagenet_s.conversion.core import atomic_write as module
from imagenet_s.conversion.core.atomic_write import atomic_write, is_temporary, remove_abandoned, temporary_name

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
        signal.pause() if kill < 0 else os.kill(os.getpid(), kill)
"""


def write(target: Path, size: int = 5000, limit: int = 0, kill: int = 0) -> "subprocess.Popen[str]":
    arguments = [str(one) for one in (target, size, limit, kill)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([sys.executable, "-c", WRITE, *arguments], text=True, **pipes)


@pytest.mark.parametrize("limit", [1, 4095, 4096, 4999])
def test_a_disk_that_becomes_full(limit: int, tmp_path: Path) -> None:
    """The system takes the first bytes of a write and refuses the rest: that is an error, not a shorter file."""
    target = tmp_path / "index.json"
    target.write_bytes(b"an earlier one")
    process = write(target, limit=limit)
    assert process.wait(60)
    assert "File too large" in process.stderr.read()
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
    with pytest.raises(OSError, match="No space left"), atomic_write(tmp_path / "a") as file:
        file.write(b"x")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
@pytest.mark.parametrize("room", range(4, 24, 4))
def test_a_real_full_disk(room: int, tmp_path: Path) -> None:
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={room}k", "tmpfs", str(tmp_path)]).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        process = write(tmp_path / "index.json", size=13_000)
        failed = process.wait(60)
        found = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
        assert found == ({} if failed else {"index.json": 13_000})
        assert bool(failed) == (room < 16)
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_what_a_killed_process_leaves_is_removed(number: int, tmp_path: Path) -> None:
    target = tmp_path / "o.zip"
    for _ in range(2):
        assert write(target, kill=number).wait(60) == -number
    (left,) = os.listdir(tmp_path)
    assert is_temporary(left, "o.zip"), "the second run removed what the first had left"
    with atomic_write(target) as file:
        file.write(b"new")
    assert os.listdir(tmp_path) == ["o.zip"]


def test_what_a_running_process_writes_is_not_removed(tmp_path: Path) -> None:
    target = tmp_path / "o.zip"
    process = write(target, kill=-1)
    try:
        assert process.stdout.readline() == "written\n"
        with atomic_write(target) as file:
            file.write(b"mine")
        remove_abandoned(tmp_path)
        assert len(os.listdir(tmp_path)) == 2
    finally:
        process.kill()
        process.wait()
    remove_abandoned(tmp_path)
    assert os.listdir(tmp_path) == ["o.zip"]


def test_files_of_somebody_else_are_not_removed(tmp_path: Path) -> None:
    names = [".notes.incomplete", "o.zip.incomplete", ".o.zip.0123456789ab.incomplete.txt", ".o.zip.123.part"]
    other = temporary_name("other")
    for name in (*names, other):
        (tmp_path / name).write_bytes(b"mine")
    (tmp_path / temporary_name("o.zip")).mkdir()
    remove_abandoned(tmp_path, "o.zip")
    assert {*names, other} <= set(os.listdir(tmp_path))
    assert len(os.listdir(tmp_path)) == 6


def test_a_planted_link_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even by somebody who could guess the name of the temporary file."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    folder = tmp_path / "shared"
    folder.mkdir()
    (folder / "planted").symlink_to(victim)
    monkeypatch.setattr(module, "temporary_name", lambda name: "planted")
    with pytest.raises(FileExistsError), atomic_write(folder / "counts.npz") as file:
        file.write(b"x")
    assert victim.read_bytes() == b"mine"
    assert os.listdir(folder) == ["planted"]
    for name in (".counts.npz.0123456789ab.incomplete",):  # a link that looks abandoned is left alone
        (folder / name).symlink_to(victim)
    monkeypatch.undo()
    with atomic_write(folder / "counts.npz") as file:
        file.write(b"x")
    assert victim.read_bytes() == b"mine"
    assert (folder / "counts.npz").read_bytes() == b"x"
    assert not (folder / "counts.npz").is_symlink()


def test_a_device_stays_one(tmp_path: Path) -> None:
    with atomic_write(os.devnull) as file:
        file.write(b"x")
    assert not Path(os.devnull).is_file()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with atomic_write(pipe) as file:
        file.write(b"through")
    assert os.read(reader, 100) == b"through"
    os.close(reader)
    assert os.listdir(tmp_path) == ["pipe"]


def test_two_processes_write_one_file(tmp_path: Path) -> None:
    """Many times: one of them wins, and nothing else remains."""
    code = "import sys\nfrom imagenet_s.conversion.core.atomic_write import atomic_write\nfor i in range(300):\n"
    code += "    with atomic_write(sys.argv[1], sync=False) as file: file.write(sys.argv[2].encode() * 1000)\n"
    target = tmp_path / "x"
    both = [subprocess.Popen([sys.executable, "-c", code, str(target), word]) for word in "ab"]
    assert [process.wait(60) for process in both] == [0, 0]
    assert target.read_bytes() in (b"a" * 1000, b"b" * 1000)
    assert os.listdir(tmp_path) == ["x"]
