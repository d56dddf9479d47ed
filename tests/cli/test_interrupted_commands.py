"""Every command that writes, killed, interrupted, and run twice at once: it ends as a run that nothing disturbed."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from written_commands import NAMES, command, made_inputs

from imagenet_s.cli.main import main

Layouts = Callable[[str], Path]
SEED = 12
EXIT_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -9}
FAST = ("prepare copies", "evaluate")
"""The others are slower; `tests/shards` interrupts convert, `tests/annotations` download, `tests/hub` push."""
START = """
import pathlib, sys
from imagenet_s.cli.main import main
pathlib.Path(sys.argv.pop(1)).touch()  # from here on the command is to answer signals, and no longer Python's start
sys.exit(main())
"""
DROPPED = """
import signal, sys
number = int(sys.argv.pop(1))
from imagenet_s.cli.main import main
sys.addaudithook(lambda event, args: event == "import" and args[0] == "datetime" and signal.raise_signal(number))
sys.exit(main())
"""


@pytest.fixture(scope="module")
def start(miniature: Layouts, annotations: Path, tmp_path_factory: pytest.TempPathFactory):
    """Starts a command that writes into a folder, in a process group of its own."""
    inputs = made_inputs(tmp_path_factory.mktemp("inputs"), miniature("folders"), miniature("tars"), annotations)
    cache = tmp_path_factory.mktemp("cache")

    def run(name: str, out: Path) -> "subprocess.Popen[str]":
        environment = {**os.environ, "HF_DATASETS_CACHE": str(cache), "HF_HOME": str(cache)}
        begun = cache / f"begun-{time.monotonic_ns()}"
        arguments = [sys.executable, "-c", START, str(begun), *command(name, inputs, out)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        process = subprocess.Popen(arguments, cwd=inputs.modules, env=environment, start_new_session=True, **pipes)
        while process.poll() is None and not begun.exists():
            time.sleep(0.001)
        return process

    return run


def finish(process: "subprocess.Popen[str]") -> str:
    """The end of a process and of all that it started."""
    _, stderr = process.communicate(timeout=180)
    end = time.monotonic() + 10
    while running(process.pid) and time.monotonic() < end:
        time.sleep(0.01)
    assert not running(process.pid), "an orphan"
    return stderr


def running(group: int) -> list[str]:
    processes = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state, _, own_group = (entry / "stat").read_text().rpartition(")")[2].split()[:3]
            if int(own_group) == group and state != "Z" and int(entry.name) != os.getpid():
                processes.append(entry.name)
    return processes


def contents(out: Path) -> dict[str, bytes]:
    """Every file of a result. A cache of `datasets` has names and times of its own; the zip of counts has times."""
    files = [Path(folder) / name for folder, _, names in os.walk(out, followlinks=True) for name in names]
    by_name = {path.relative_to(out).as_posix(): path for path in files}
    return {
        name: b"" if name.endswith(".npz") else path.read_bytes().replace(os.fsencode(out), b"OUT")
        for name, path in by_name.items()
        if not name.startswith(("o/cache/", "o/imagenet-s/.imagenet-s/"))  # of the demo, whose images are new each time
    }


def stray(out: Path) -> set[str]:
    return {name for name in contents(out) if name.endswith((".incomplete", ".part")) or "/.incomplete" in name}


@pytest.fixture(scope="module")
def undisturbed(start, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, bytes]]:
    known: dict[str, dict[str, bytes]] = {}

    def result(name: str) -> dict[str, bytes]:
        if name not in known:
            out = tmp_path_factory.mktemp("undisturbed")
            process = start(name, out)
            stderr = finish(process)
            assert process.returncode == 0, stderr
            known[name] = contents(out)
            assert known[name]
        return known[name]

    return result


def wait_for_files(out: Path, number: int, process: "subprocess.Popen[str]") -> None:
    end = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < end:
        if sum(len(names) for _, _, names in os.walk(out)) >= number:
            return
        time.sleep(0.0005)


def test_a_signal_behind_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes while the handlers are put back: what was done is done, and no traceback follows."""
    plain, came = signal.signal, []

    def put_back(number: int, handler: object) -> object:
        if handler in (signal.SIG_DFL, signal.default_int_handler) and not came:
            came.append(number)
            signal.raise_signal(signal.SIGTERM)
        return plain(number, handler)

    monkeypatch.setattr(signal, "signal", put_back)
    assert main(["check", str(tmp_path)]) == 1
    assert came


AT_THE_END = ("compare", "results")
"""They write one or two small files when all is done: one round shows as much as twelve."""
OFTEN = [name for name in NAMES if name not in AT_THE_END]
ONCE = [pytest.param(name, 1, marks=[] if name in FAST else pytest.mark.slow) for name in NAMES]
ONCE.append(pytest.param("distance-match", 1, marks=pytest.mark.torch))


@pytest.mark.parametrize(("name", "rounds"), [*ONCE, *(pytest.param(n, 12, marks=pytest.mark.slow) for n in OFTEN)])
def test_interrupted(name: str, rounds: int, start, undisturbed, tmp_path: Path) -> None:
    """Several times in a row, at some moment while files are written, and in the end run undisturbed."""
    moments = random.Random(SEED + rounds)
    want = undisturbed(name)
    for attempt in range(rounds):
        out = tmp_path / str(attempt)
        out.mkdir()
        signals = [signal.SIGKILL, signal.SIGTERM] if rounds == 1 else moments.choices(list(EXIT_CODES), k=3)
        for number in signals:
            before = stray(out)
            process = start(name, out)
            wait_for_files(out, len(list(out.rglob("*"))) // 2 + moments.randint(1, 6), process)
            time.sleep(moments.choice([0, 0, moments.uniform(0, 0.02)]))
            # The whole group, as a terminal and SLURM do it, or the command alone, as docker does. SIGHUP to the group
            # would also end multiprocessing's resource tracker, which then prints errors of its own.
            group = number == signal.SIGKILL or (number != signal.SIGHUP and moments.random() < 0.5)
            with contextlib.suppress(ProcessLookupError):
                (os.killpg if group else os.kill)(process.pid, number)
            stderr = finish(process)
            # Stopped before the command handles signals, it simply ends.
            assert process.returncode in (0, EXIT_CODES[number], -number), stderr
            # At the very end, Python itself may print one: the command was over.
            assert "Traceback" not in stderr or process.returncode in (0, -number)
            if number != signal.SIGKILL:
                assert stray(out) <= before, "what an interrupted run had begun is removed"
        process = start(name, out)
        stderr = finish(process)
        assert process.returncode == 0, stderr
        assert contents(out) == want
        assert not stray(out)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_that_code_in_c_replaces_by_an_error(number: int, annotations: Path, tmp_path: Path) -> None:
    """NumPy imports `datetime` from C, and says that NumPy is badly installed, whatever the reason."""
    command = ["export", str(annotations), "out", "--config", "919", "--format", "coco"]
    arguments = [sys.executable, "-c", DROPPED, str(int(number)), *command]
    ended = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ended.returncode == EXIT_CODES[number]
    assert ended.stderr == "imagenet-s: stopped; nothing half-written stays, and the same command resumes.\n"


TWICE = [pytest.param(n, marks=pytest.mark.slow) for n in NAMES if n not in ("convert", "convert arrow", "submit")]


@pytest.mark.parametrize("name", ["submit", *TWICE, pytest.param("distance-match", marks=pytest.mark.torch)])
def test_twice_at_once(name: str, start, undisturbed, tmp_path: Path) -> None:
    """Both end well, and the result is that of one. (A second convert is refused: see tests/shards.)"""
    both = [start(name, tmp_path) for _ in range(2)]
    for process in both:
        stderr = finish(process)
        assert process.returncode == 0, stderr
    assert contents(tmp_path) == undisturbed(name)


@pytest.mark.slow
def test_a_demo_that_was_killed_while_it_removed_an_earlier_one(start, undisturbed, tmp_path: Path) -> None:
    (tmp_path / "o" / "imagenet").mkdir(parents=True)
    (tmp_path / "o" / ".imagenet-s-demo").touch()
    process = start("demo", tmp_path)
    wait_for_files(tmp_path, 5, process)
    os.killpg(process.pid, signal.SIGKILL)
    finish(process)
    assert (tmp_path / "o" / ".imagenet-s-demo").exists()
    process = start("demo", tmp_path)
    stderr = finish(process)
    assert process.returncode == 0, stderr
