"""Whatever happens in the middle: no wrong shard under a final name, and in the end the bytes of an undisturbed run."""

import dataclasses
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from contents import contents
from deadly_part import DeadlyPart
from processes import Conversion, group, wait_until

from imagenet_s.conversion.errors import ImageNetSError
from imagenet_s.conversion.shards import convert as convert_function
from imagenet_s.conversion.shards.executors import run_jobs

conversion = sys.modules["imagenet_s.conversion.shards.convert"]
SEED = 4


@pytest.fixture(scope="module")
def start(miniature, annotations: Path, tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")

    def run(out: Path, *more: str, **options: object) -> Conversion:
        return Conversion(miniature("folders"), annotations, out, cache, *more, **options)

    return run


@pytest.fixture(scope="module")
def undisturbed(start, tmp_path_factory) -> tuple[dict[str, bytes], float]:
    """The result of a run that nobody disturbed, and how long it took."""
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    start(out).finish()  # the first run prepares the masks
    shutil.rmtree(out)
    begun = time.monotonic()
    done = start(out).finish()
    assert done.process.returncode == 0, done.stderr
    assert len(done.shards()) > 40
    return contents(out), time.monotonic() - begun


def assert_nothing_wrong(out: Path, whole: dict[str, bytes]) -> None:
    for name, data in contents(out).items():
        if not name.endswith(".incomplete"):
            assert data == whole[name], f"{name} is wrong"


def assert_ends_well(done: Conversion, whole: dict[str, bytes]) -> None:
    assert done.process.returncode == 0, done.stderr
    assert contents(done.out) == whole
    assert not list(done.out.rglob("*.incomplete"))


@pytest.mark.parametrize("kills", [3, pytest.param(25, marks=pytest.mark.slow)])
def test_killed_again_and_again(kills: int, start, undisturbed, tmp_path: Path) -> None:
    """kill -9 of the whole process group; most moments lie where shards are being written."""
    whole, seconds = undisturbed
    moments = random.Random(SEED)
    killed = 0
    while killed < kills:
        out = tmp_path / str(killed)
        for _ in range(5):
            running = start(out)
            if moments.random() < 0.3:
                time.sleep(moments.uniform(0, seconds))
            else:
                running.wait_for_shards(len(running.shards()) + moments.randint(1, 12))
                time.sleep(moments.uniform(0, 0.05))
            if running.process.poll() is None:
                killed += 1
            running.kill_all() if running.process.poll() is None else running.finish()
            assert_nothing_wrong(out, whole)
            if killed == kills:
                break
        assert_ends_well(start(out).finish(), whole)


@pytest.mark.parametrize("crowded", [False, True], ids=["forks", "from a server"])
def test_a_worker_dies(crowded: bool, start, undisturbed, tmp_path: Path) -> None:
    running = start(tmp_path / "out", crowded=crowded)
    running.wait_for_shards(3)
    os.kill(running.workers()[0], signal.SIGKILL)
    done = running.finish()
    assert "A worker died" in done.stderr
    assert_ends_well(done, undisturbed[0])


@pytest.mark.parametrize("crowded", [False, True], ids=["forks", "from a server"])
def test_workers_end_with_their_parent(crowded: bool, start, undisturbed, tmp_path: Path) -> None:
    running = start(tmp_path / "out", crowded=crowded)
    running.wait_for_shards(3)
    os.kill(running.process.pid, signal.SIGKILL)
    running.process.wait()
    try:
        wait_until(lambda: not group(running.process.pid), seconds=10)
    finally:
        running.kill_all()
    assert_nothing_wrong(tmp_path / "out", undisturbed[0])
    assert_ends_well(start(tmp_path / "out").finish(), undisturbed[0])


@pytest.mark.parametrize(
    ("everybody", "workers", "crowded"),
    [(True, 2, False), (False, 2, False), (True, 1, False), (True, 2, True)],
    ids=["Ctrl-C", "SIGINT to the parent", "one worker", "from a server"],
)
def test_ctrl_c(everybody: bool, workers: int, crowded: bool, start, undisturbed, tmp_path: Path) -> None:
    running = start(tmp_path / "out", "--workers", str(workers), crowded=crowded)
    running.wait_for_shards(3)
    (os.killpg if everybody else os.kill)(running.process.pid, signal.SIGINT)
    done = running.finish()
    assert done.process.returncode == 130
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "out").rglob("*.incomplete"))
    wait_until(lambda: not group(running.process.pid), seconds=10)
    assert_nothing_wrong(tmp_path / "out", undisturbed[0])
    assert_ends_well(start(tmp_path / "out").finish(), undisturbed[0])


def test_a_full_disk(start, undisturbed, tmp_path: Path) -> None:
    """A file system of 400 kB, where this may be mounted; else `test_a_file_that_must_not_grow` stands alone."""
    out = tmp_path / "out"
    out.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=200k", "none", str(out)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no right to mount a small file system")
    try:
        done = start(out).finish()
        assert done.process.returncode == 1
        assert "No space left" in done.stderr
        assert "run it again to go on" in done.stderr
        assert "Traceback" not in done.stderr
        assert_nothing_wrong(out, undisturbed[0])
        assert not list(out.rglob("*.incomplete"))
        subprocess.run(["mount", "-o", "remount,size=20m", str(out)], check=True)
        assert_ends_well(start(out).finish(), undisturbed[0])
    finally:
        subprocess.run(["umount", str(out)], check=True)


def test_a_file_that_must_not_grow(start, undisturbed, tmp_path: Path) -> None:
    """Writing fails in the middle of a shard, as on a full disk."""
    limit = 3000
    done = start(
        tmp_path / "out", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    ).finish()
    assert done.process.returncode == 1
    assert "File too large" in done.stderr
    assert "Traceback" not in done.stderr
    assert_nothing_wrong(tmp_path / "out", undisturbed[0])
    assert not list((tmp_path / "out").rglob("*.incomplete"))


@pytest.mark.parametrize("damage", ["gone", "longer", "shorter", "cut off"])
def test_a_source_that_changes(damage: str, miniature, annotations, tmp_path: Path, monkeypatch) -> None:
    """After the plan was made and before the image is read."""
    source = tmp_path / "imagenet"
    shutil.copytree(miniature("folders"), source)
    image = next(source.glob("val/*/ILSVRC2012_val_00010522.JPEG"))
    if damage == "cut off":
        image.write_bytes(image.read_bytes()[:-50])

    def interfere(*arguments: object) -> None:
        data = image.read_bytes()
        if damage == "gone":
            image.unlink()
        elif damage != "cut off":
            image.write_bytes(data + b"x" if damage == "longer" else data[:-1])
        run_jobs(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(conversion, "run_jobs", interfere)
    options = conversion.Options(verify=False, max_shard_size="20KB")
    with pytest.raises(ImageNetSError, match=r"ILSVRC2012_val_00010522"):
        convert_function(source, tmp_path / "out", "50", annotations, options)
    assert not (tmp_path / "out" / "index.json").exists()
    assert not list((tmp_path / "out").rglob("*.incomplete"))


def test_workers_that_always_die_are_not_tried_forever(convert_miniature, tmp_path: Path, monkeypatch) -> None:
    def deadly(jobs: list, *more: object) -> None:
        deadly_jobs = [dataclasses.replace(job, part=DeadlyPart("", "validation")) for job in jobs]
        run_jobs(deadly_jobs, 2, None, lambda job, written: None)

    monkeypatch.setattr(conversion, "run_jobs", deadly)
    with pytest.raises(ImageNetSError, match="workers died 3 times in a row"):
        convert_miniature(tmp_path)


def test_two_conversions_at_once_are_refused(start, undisturbed, tmp_path: Path) -> None:
    first = start(tmp_path / "out")
    first.wait_for_shards(1)
    os.killpg(first.process.pid, signal.SIGSTOP)
    second = start(tmp_path / "out").finish()
    os.killpg(first.process.pid, signal.SIGCONT)
    assert second.process.returncode == 1
    assert "another conversion" in second.stderr
    assert_ends_well(first.finish(), undisturbed[0])
