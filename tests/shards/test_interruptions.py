"""Whatever interrupts a conversion: no wrong shard under a final name, and the next run ends with identical bytes."""

import os
import random
import resource
import shutil
import signal
import sys
import time
from pathlib import Path

import pytest
from shard_helpers import Conversion, contents, running, wait_until

from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.shards import executors

SEED = 4


@pytest.fixture(scope="module")
def start(miniature, annotations: Path, tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")

    def run(out: Path, *more: str, **options: object) -> Conversion:
        return Conversion(miniature("folders"), annotations, out, cache, *more, **options)

    return run


@pytest.fixture(scope="module")
def undisturbed(start, tmp_path_factory) -> dict[str, bytes]:
    """The result of a run that nothing interrupted."""
    done = start(tmp_path_factory.mktemp("undisturbed"), "--workers", "1").finish()
    assert done.process.returncode == 0, done.stderr
    assert len(done.shards()) > 40
    return contents(done.out)


def assert_nothing_wrong(out: Path, expected: dict[str, bytes]) -> None:
    for name, data in contents(out).items():
        if not name.endswith(".incomplete"):
            assert data == expected[name], f"{name} is wrong"


def assert_identical(done: Conversion, expected: dict[str, bytes]) -> None:
    assert done.process.returncode == 0, done.stderr
    assert contents(done.out) == expected
    assert not list(done.out.rglob("*.incomplete"))


@pytest.mark.parametrize("kills", [2, pytest.param(25, marks=pytest.mark.slow)])
def test_killed_repeatedly(kills: int, start, undisturbed, tmp_path: Path) -> None:
    """kill -9 of the whole process group; most moments lie where shards are being written."""
    moments = random.Random(SEED)
    killed = 0
    while killed < kills:
        out = tmp_path / str(killed)
        for _ in range(5):
            conversion = start(out)
            if moments.random() < 0.3:
                time.sleep(moments.uniform(0, 3))
            else:
                conversion.wait_for_shards(len(conversion.shards()) + moments.randint(1, 12))
                time.sleep(moments.uniform(0, 0.05))
            killed += conversion.process.poll() is None
            conversion.kill_all()
            assert_nothing_wrong(out, undisturbed)
            if killed == kills:
                break
        assert_identical(start(out).finish(), undisturbed)


def test_a_worker_dies(start, undisturbed, tmp_path: Path) -> None:
    conversion = start(tmp_path)
    conversion.wait_for_shards(3)
    os.kill(conversion.workers()[0], signal.SIGKILL)
    conversion.finish()
    assert "A worker died" in conversion.stderr
    assert_identical(conversion, undisturbed)


def test_workers_end_with_a_killed_parent(start, undisturbed, tmp_path: Path) -> None:
    conversion = start(tmp_path)
    conversion.wait_for_shards(3)
    assert len(conversion.workers()) == 2
    os.kill(conversion.process.pid, signal.SIGKILL)
    try:
        wait_until(lambda: not conversion.workers(), seconds=2)
    finally:
        conversion.kill_all()
    assert_nothing_wrong(tmp_path, undisturbed)
    assert_identical(start(tmp_path).finish(), undisturbed)


@pytest.mark.parametrize(
    ("whole_group", "workers"),
    [(True, 2), pytest.param(False, 2, marks=pytest.mark.slow), pytest.param(True, 1, marks=pytest.mark.slow)],
    ids=["Ctrl-C", "SIGINT to the parent", "one worker"],
)
def test_ctrl_c(whole_group: bool, workers: int, start, undisturbed, tmp_path: Path) -> None:
    conversion = start(tmp_path, "--workers", str(workers))
    conversion.wait_for_shards(3)
    (os.killpg if whole_group else os.kill)(conversion.process.pid, signal.SIGINT)
    conversion.finish()
    assert conversion.process.returncode == 130
    assert "Traceback" not in conversion.stderr
    assert not list(tmp_path.rglob("*.incomplete"))
    wait_until(lambda: not running("", conversion.process.pid), seconds=10)
    assert_nothing_wrong(tmp_path, undisturbed)
    assert_identical(start(tmp_path).finish(), undisturbed)


@pytest.mark.slow
@pytest.mark.parametrize("moment", [0.5, 1, 1.5, 2])
def test_ctrl_c_while_starting(moment: float, start, undisturbed, tmp_path: Path) -> None:
    """The parent plans, or its workers import, whatever the moment is on this machine."""
    conversion = start(tmp_path)
    time.sleep(moment)
    os.killpg(conversion.process.pid, signal.SIGINT)
    conversion.finish()
    assert "spawn" not in conversion.stderr, "no traceback of a worker"
    assert_nothing_wrong(tmp_path, undisturbed)


@pytest.mark.slow
def test_a_full_disk(start, undisturbed, tmp_path: Path) -> None:
    """Writing fails in the middle of a shard: no file may grow beyond 3000 bytes."""
    limit = (3000, resource.RLIM_INFINITY)
    full = start(tmp_path, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit)).finish()
    assert full.process.returncode == 1
    assert "File too large; finished shards are kept, run it again to resume" in full.stderr
    assert "Traceback" not in full.stderr
    assert not list(tmp_path.rglob("*.incomplete"))
    assert_nothing_wrong(tmp_path, undisturbed)
    assert_identical(start(tmp_path).finish(), undisturbed)


def test_two_conversions_into_one_folder(start, undisturbed, tmp_path: Path) -> None:
    first = start(tmp_path)
    first.wait_for_shards(1)
    os.killpg(first.process.pid, signal.SIGSTOP)
    second = start(tmp_path).finish()
    os.killpg(first.process.pid, signal.SIGCONT)
    assert second.process.returncode == 1
    assert "another process converts into" in second.stderr
    assert_identical(first.finish(), undisturbed)


@pytest.mark.parametrize("damage", ["removed", "longer", "shorter", "cut off before"])
def test_a_source_that_changes(damage: str, miniature, convert_miniature, tmp_path: Path, monkeypatch) -> None:
    """An image that is not what was planned when it is read."""
    source, out = tmp_path / "imagenet", tmp_path / "out"
    shutil.copytree(miniature("folders"), source)
    image = next(source.glob("val/*/ILSVRC2012_val_00010522.JPEG"))
    data = image.read_bytes()
    if damage == "cut off before":
        image.write_bytes(data[:-50])

    def interfere(*arguments: object) -> None:
        if damage == "removed":
            image.unlink()
        elif damage != "cut off before":
            image.write_bytes(data + b"x" if damage == "longer" else data[:-1])
        executors.run_jobs(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(sys.modules["imagenet_s.conversion.shards.convert_splits"], "run_jobs", interfere)
    with pytest.raises(ImageNetSError, match=r"ILSVRC2012_val_00010522"):
        convert_miniature(out, source=source)
    assert not (out / "index.json").exists()
    assert not list(out.rglob("*.incomplete"))
