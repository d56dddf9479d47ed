"""The stand-in Hub, what is pushed to it, and processes that talk to it with the stock client."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from stand_in import StandIn

from imagenet_s.conversion.shards import Options, convert


@pytest.fixture
def hub() -> Iterator[StandIn]:
    with StandIn() as running:
        yield running


@pytest.fixture(scope="session")
def converted(miniature: Callable[[str], Path], annotations: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The miniature's 50, in several shards."""
    out = tmp_path_factory.mktemp("converted") / "imagenet-s"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("datasets.config.HF_DATASETS_CACHE", str(tmp_path_factory.mktemp("cache")))
        convert(miniature("folders"), out, "50", annotations, Options(verify=False, max_shard_size="20KB"))
    return out


Run = Callable[..., subprocess.CompletedProcess]


@pytest.fixture
def run(hub: StandIn, tmp_path: Path) -> Run:
    """Runs Python code in a process that knows only the stand-in; `imagenet-s` commands as a list of arguments."""

    def run(what: str | list[str], token: str | None = "hf_me", check: bool = True) -> subprocess.CompletedProcess:
        code = ["-c", what] if isinstance(what, str) else ["-m", "imagenet_s.cli.main", *what]
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGING"))}
        done = subprocess.run(
            [sys.executable, *code],
            env={**environment, **hub.environment(tmp_path / "home", token)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    return run
