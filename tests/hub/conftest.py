"""The Hub server, a converted data set to push, and processes that use the stock client."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hub_server import HubServer

from imagenet_s.conversion.shards import Options, convert

Run = Callable[..., subprocess.CompletedProcess]
NOT_INSTALLED = "import sys; sys.modules['imagenet_s'] = None\n"


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with HubServer() as running:
        yield running


@pytest.fixture(scope="session")
def converted(miniature: Callable[[str], Path], annotations: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The miniature's 50, in several shards."""
    out = tmp_path_factory.mktemp("converted") / "imagenet-s"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("datasets.config.HF_DATASETS_CACHE", str(tmp_path_factory.mktemp("cache")))
        convert(miniature("folders"), out, "50", annotations, Options(verify=False, max_shard_size="20KB"))
    return out


@pytest.fixture
def run(hub: HubServer, tmp_path: Path) -> Run:
    """Runs Python code, or an `imagenet-s` command as a list of arguments, in a process that knows only this Hub.

    With `refused`, the exit code is 1 and that text is in the message, which is no traceback.
    """

    def run(what: str | list[str], *, token: str | None = "hf_me", check=True, refused="", installed=True):
        if isinstance(what, str):
            code = ["-c", what if installed else NOT_INSTALLED + what]
        else:
            code = ["-m", "imagenet_s.cli.main", *what]
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "HUGGING"))}
        environment |= hub.environment(tmp_path / "home", token)
        done = subprocess.run(
            [sys.executable, *code], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120
        )
        if check or refused:
            assert done.returncode == bool(refused), f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        if refused:
            assert refused in done.stderr
            assert "Traceback" not in done.stderr
        return done

    return run


@pytest.fixture
def push(run: Run, converted: Path) -> Run:
    """`imagenet-s push`, with further arguments and those of `run`."""

    def push(*arguments: str, out: Path = converted, repo: str = "me/imagenet-s", **options: Any):
        return run(["push", str(out), "--repo-id", repo, *arguments], **options)

    return push
