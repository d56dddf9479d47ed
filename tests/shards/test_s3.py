"""Shards in a bucket, over HTTP: a stand-in for S3 (moto) and the stock client (s3fs)."""

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from shard_helpers import contents

from imagenet_s.cli.main import main
from imagenet_s.conversion.shards import verify

pytestmark = pytest.mark.s3


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    pytest.importorskip("s3fs")
    pytest.importorskip("moto.server")
    start = [sys.executable, "-c", "from moto.server import main; main(['-H', '127.0.0.1', '-p', '0'])"]
    server = subprocess.Popen(start, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    try:
        assert server.stderr is not None
        address = next(line.split()[-1] for line in server.stderr if "Running on" in line)
        threading.Thread(target=server.stderr.read, daemon=True).start()  # or it waits for room to log into
        urllib.request.urlopen(address, timeout=30).close()
        yield address
    finally:
        server.kill()
        server.communicate()


@pytest.fixture
def bucket(endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty bucket, which workers find through the environment as they would the real one."""
    import s3fs

    for name, value in {
        "AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "me", "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1", "AWS_MAX_ATTEMPTS": "1", "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(tmp_path / "none"), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()
    name = f"bucket-{os.getpid()}-{time.monotonic_ns()}"
    s3fs.S3FileSystem().mkdir(name)
    return name


def names(bucket: str) -> list[str]:
    import s3fs

    root = f"{bucket}/imagenet-s/"
    names = s3fs.S3FileSystem(use_listings_cache=False).find(root)
    return [name.removeprefix(root) for name in names if "/.imagenet-s/" not in name]


def stored(bucket: str) -> dict[str, bytes]:
    import s3fs

    fs = s3fs.S3FileSystem(use_listings_cache=False)
    return {name: fs.cat_file(f"{bucket}/imagenet-s/{name}") for name in names(bucket)}


@pytest.mark.parametrize("workers", [1, 2])
def test_the_same_bytes_as_here(workers: int, bucket: str, convert_miniature, tmp_path: Path) -> None:
    convert_miniature(tmp_path)
    for _ in range(2):  # the second time there is nothing left to do
        convert_miniature(f"s3://{bucket}/imagenet-s", workers=workers)
        assert stored(bucket) == contents(tmp_path)
    verify(f"s3://{bucket}/imagenet-s")


def test_killed_and_gone_on_with(bucket: str, miniature, annotations: Path, tmp_path: Path, convert_miniature) -> None:
    command = [sys.executable, "-m", "imagenet_s.cli.main", "convert", str(miniature("folders"))]
    command += [f"s3://{bucket}/imagenet-s", "--config", "50", "--no-verify", "--annotations-dir", str(annotations)]
    command += ["--max-shard-size", "20KB", "--workers", "2"]
    environment = {**os.environ, "HF_DATASETS_CACHE": str(tmp_path / "cache")}
    running = subprocess.Popen(
        command, env=environment, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while not any(name.endswith(".parquet") for name in names(bucket)):
        assert running.poll() is None
        time.sleep(0.01)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    assert "index.json" not in names(bucket)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    convert_miniature(tmp_path / "here")
    assert stored(bucket) == contents(tmp_path / "here")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "Could not connect"),
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "credentials"),
    ],
    ids=["no server", "no credentials"],
)
def test_one_paragraph(
    changed: dict[str, str], message: str, bucket: str, miniature, annotations: Path, monkeypatch, capsys
) -> None:
    import s3fs

    for name, value in changed.items():
        monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name)
    s3fs.S3FileSystem.clear_instance_cache()
    out = f"s3://{bucket}/imagenet-s"
    options = ["--config", "50", "--no-verify", "--annotations-dir", str(annotations)]
    assert main(["convert", str(miniature("folders")), out, *options]) == 1
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith(f"imagenet-s: {out}: ")
    assert message in error


def test_no_bucket_is_made(bucket: str, miniature, annotations: Path, capsys) -> None:
    """A mistyped name must not become a bucket."""
    import s3fs

    options = ["--config", "50", "--no-verify", "--annotations-dir", str(annotations)]
    assert main(["convert", str(miniature("folders")), f"s3://{bucket}x/imagenet-s", *options]) == 1
    assert "bucket does not exist" in capsys.readouterr().err
    assert not s3fs.S3FileSystem(use_listings_cache=False).exists(f"{bucket}x")
