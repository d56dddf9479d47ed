"""Files appear complete or not at all, and nothing stays of a writer that was killed."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from imagenet_s.metrics.matched_miou.atomic_write import atomic_write

WRITER = """
import sys
from imagenet_s.metrics.matched_miou.atomic_write import atomic_write
with atomic_write(sys.argv[1]) as file:
    file.write(b"half")
    file.flush()
    print("begun", flush=True)
    sys.stdin.readline()
    file.write(b" whole")
"""


def begin(path):
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "begun\n"
    return process


def write(path, content):
    with atomic_write(path) as file:
        file.write(content)


def listed(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_what_a_killed_writer_left_is_removed_by_the_next(tmp_path, number):
    path = tmp_path / "counts[1]*.npz"
    write(path, b"old")
    for _ in range(2):
        with begin(path) as process:
            process.send_signal(number)
            process.wait()
        assert path.read_bytes() == b"old"
        assert len(listed(tmp_path)) == 2  # the second kill's writer has removed what the first left
    (tmp_path / ".other.npz.0123456789ab.part").write_bytes(b"another file's")
    write(path, b"new")
    assert (path.read_bytes(), listed(tmp_path)) == (b"new", [".other.npz.0123456789ab.part", path.name])


def test_a_writer_that_still_runs_is_left_alone(tmp_path):
    path = tmp_path / "report.html"
    with begin(path) as process:
        write(path, b"mine")
        assert len(listed(tmp_path)) == 2
        process.communicate("go on\n")
    assert process.returncode == 0
    assert (path.read_bytes(), listed(tmp_path)) == (b"half whole", [path.name])


def test_many_writers_of_one_file_at_once(tmp_path):
    path, failed = tmp_path / "counts.npz", []
    contents = [bytes([i]) * 100_000 for i in range(8)]

    def work(content):
        try:
            for _ in range(20):
                write(path, content)
        except OSError as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert path.read_bytes() in contents
    assert listed(tmp_path) == [path.name]


def test_an_error_leaves_the_old_file(tmp_path):
    path = tmp_path / "new" / "counts.npz"
    write(path, b"old")
    with pytest.raises(ZeroDivisionError), atomic_write(path) as file:  # noqa: PT012
        file.write(b"half")
        raise ZeroDivisionError
    assert (path.read_bytes(), listed(path.parent)) == (b"old", [path.name])


def test_links_beside_the_file_are_not_followed(tmp_path):
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    path = tmp_path / "out" / "counts.npz"
    path.parent.mkdir()
    planted = [path.with_name(name) for name in (f".counts.npz.{os.getpid()}.part", ".counts.npz.0123456789ab.part")]
    for link in planted:
        link.symlink_to(victim)
    write(path, b"new")
    assert victim.read_bytes() == b"precious"
    assert path.read_bytes() == b"new"
    assert not path.is_symlink()
    os.mkfifo(path.with_name(".counts.npz.ba9876543210.part"))  # nobody reads it: opening it must not wait
    write(path, b"newer")
    assert path.read_bytes() == b"newer"


def test_a_link_that_was_named_is_followed_and_stays(tmp_path):
    (tmp_path / "runs").mkdir()
    write(tmp_path / "runs" / "3.json", b"old")
    (tmp_path / "latest.json").symlink_to("runs/3.json")
    write(tmp_path / "latest.json", b"new")
    assert (tmp_path / "latest.json").is_symlink()
    assert (tmp_path / "runs" / "3.json").read_bytes() == b"new"


def test_what_is_no_regular_file_is_written_to_and_stays(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE) as reader:
        write(pipe, b"through")
        assert reader.communicate()[0] == b"through"
    assert listed(tmp_path) == ["pipe"]
    with pytest.raises(IsADirectoryError):
        write(tmp_path, b"")
