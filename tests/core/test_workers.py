"""Workers end with their parent, however it ends, and leave Ctrl-C to it."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from imagenet_s.conversion.core.workers import ProcessPool
from imagenet_s.conversion.masks.codec import encode_official_png


def test_an_exception_cancels_what_waits():
    futures = []
    with pytest.raises(ZeroDivisionError), ProcessPool(1, int) as pool:  # noqa: PT012
        futures += [pool.submit(divmod, 7, divisor) for divisor in (2, *[0] * 50)]
        assert futures[0].result() == (3, 1)
        futures[1].result()
    assert all(future.done() for future in futures)
    assert futures[-1].cancelled()


UNGUARDED = """
import operator
from imagenet_s.conversion.core.workers import map_unordered
print(dict(map_unordered(operator.add, 1, [1, 2, 3], workers=2)))
"""


def test_a_script_without_a_main_guard(tmp_path):
    """Each worker imports it and would start workers in its turn: one error says so, and no worker prints anything."""
    (tmp_path / "script.py").write_text(UNGUARDED)
    ended = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.count("Traceback") == 1
    assert 'call this under `if __name__ == "__main__":`' in ended.stderr.splitlines()[-1]


def running_workers(parent=None):
    """The workers that run on this machine, as pids: those of one parent, or all."""
    workers = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, above = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            command = (folder / "cmdline").read_text()
        except OSError:
            continue  # it ended meanwhile
        if "spawn_main" in command and state != "Z" and parent in (None, int(above)):
            workers.add(int(folder.name))
    return workers


def write_masks(folder, count):
    """The same mask many times, of which a thousand take several seconds to count."""
    folder.mkdir(parents=True)
    ids = np.random.default_rng(0).integers(0, 50, (500, 500), np.uint16)
    (folder / "0.png").write_bytes(encode_official_png(ids))
    for number in range(1, count):
        os.link(folder / "0.png", folder / f"{number}.png")


@pytest.fixture
def evaluating(tmp_path):
    """`imagenet-s evaluate` with two workers and more masks than it can count meanwhile."""
    write_masks(tmp_path / "gt" / "n1", 3000)
    command = [sys.executable, "-m", "imagenet_s.cli.main", "evaluate", "--predict-dir", "gt", "--gt-dir", "gt"]
    import fcntl
    import struct
    import termios

    terminal, stderr = os.openpty()  # progress bars are for terminals
    fcntl.ioctl(stderr, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    with subprocess.Popen(
        [*command, "--config", "50", "--workers", "2", "--json", "figures.json"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        start_new_session=True,
        env=os.environ | {"PYTHONFAULTHANDLER": "1"},
    ) as process:
        os.close(stderr)
        try:
            yield process, terminal
        finally:
            process.kill()
            os.close(terminal)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_workers_of_evaluate_maps_end_with_it(tmp_path):
    """The other command that counts on several processes, killed while they start: they may first come to that."""
    maps = tmp_path / "maps"
    write_masks(tmp_path / "gt" / "n01443537", 500)
    maps.mkdir()
    np.save(maps / "0.npy", np.random.default_rng(0).random((500, 500)))
    for number in range(1, 500):
        os.link(maps / "0.npy", maps / f"{number}.npy")
    command = [sys.executable, "-m", "imagenet_s.cli.main", "evaluate-maps", "--maps-dir", "maps", "--gt-dir", "gt"]
    with subprocess.Popen(
        [*command, "--config", "50", "--workers", "2"], cwd=tmp_path, stdout=subprocess.DEVNULL
    ) as run:
        wait_for(lambda: len(running_workers(run.pid)) == 2 or run.poll() is not None)
        workers = running_workers(run.pid)
        run.kill()
    assert len(workers) == 2
    ended = time.monotonic()
    wait_for(lambda: not workers & running_workers() or time.monotonic() > ended + 60)
    assert not workers & running_workers()


def read_terminal(terminal, until=None):
    """What is printed on a terminal, until a text or until its last process has ended."""
    text = b""
    with contextlib.suppress(OSError):  # the end, on Linux
        while until is None or until not in text:
            text += os.read(terminal, 1000)
    return text.decode()


def wait_until_it_ended(process, terminal):
    """Says where each of its threads is if it does not end."""
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)  # for faulthandler
        pytest.fail(read_terminal(terminal))


def wait_for(condition):
    while not condition():
        time.sleep(0.02)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize(
    ("number", "when"),
    [
        (signal.SIGKILL, "counting"),
        (signal.SIGINT, "start"),
        pytest.param(signal.SIGTERM, "counting", marks=pytest.mark.slow),
        pytest.param(signal.SIGINT, "counting", marks=pytest.mark.slow),
    ],
)
def test_workers_end_with_their_parent(evaluating, tmp_path, number, when):
    evaluating, terminal = evaluating
    wait_for(lambda: len(running_workers(evaluating.pid)) == 2 or evaluating.poll() is not None)
    if when == "counting":
        read_terminal(terminal, b"image/s")
    workers = running_workers(evaluating.pid)
    assert len(workers) == 2
    if number == signal.SIGINT:
        os.killpg(evaluating.pid, number)  # as a terminal does: parent and workers alike
    else:
        evaluating.send_signal(number)
    wait_until_it_ended(evaluating, terminal)
    ended = time.monotonic()
    wait_for(lambda: not workers & running_workers() or time.monotonic() > ended + 2)
    assert not workers & running_workers()
    out, err = evaluating.stdout.read(), read_terminal(terminal)
    assert (out, [path.name for path in tmp_path.iterdir()]) == ("", ["gt"])
    if number == signal.SIGINT:
        assert evaluating.returncode == 130
        lines = [line for line in re.split(r"[\r\n]+", err) if line.strip() and not line.startswith("counting:")]
        assert len(lines) == 1, err
        assert lines[0].startswith("imagenet-s: stopped")


def test_what_counts_loads_no_more_than_it_needs():
    """Each worker imports it: a second of imports would be a second of every command."""
    code = "import sys, imagenet_s.metrics.evaluation.scoring\n"
    code += "print(*{'datasets', 'pyarrow', 'torch', 'filelock'} & {*sys.modules})"
    assert subprocess.run([sys.executable, "-c", code], stdout=-1, text=True, check=True).stdout == "\n"
