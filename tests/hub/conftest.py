"""The Hub server, a converted data set to push, and commands and processes that use the stock client."""

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hub_server import HubServer
from huggingface_hub import constants, file_download

from imagenet_s.cli.main import main
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
    """Runs Python code in a process that knows only this Hub."""

    def run(code: str, *, token: str | None = "hf_me", check: bool = True, installed: bool = True):
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "HUGGING"))}
        environment |= hub.environment(tmp_path / "home", token)
        done = subprocess.run(
            [sys.executable, "-c", code if installed else NOT_INSTALLED + code],
            env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        if check:
            assert done.returncode == 0, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    return run


@pytest.fixture
def command(hub: HubServer, tmp_path: Path) -> Run:
    """Runs an `imagenet-s` command in this process, whose client then knows only this Hub and does not wait.

    With `refused`, the exit code is 1 and that text is in the message.
    """

    def command(*arguments: str, token: str | None = "hf_me", refused: str = "") -> subprocess.CompletedProcess:
        out, err, home = io.StringIO(), io.StringIO(), tmp_path / "home"
        with pytest.MonkeyPatch.context() as patch:
            for key in [key for key in os.environ if key.startswith(("HF_", "HUGGING"))]:
                patch.delenv(key)
            for key, value in hub.environment(home, token).items():
                patch.setenv(key, value)
            # What the client made of the environment when it was imported.
            patch.setattr(constants, "ENDPOINT", hub.url)
            files = f"{hub.url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
            for module in (constants, file_download):  # older ones import it by its name
                patch.setattr(module, "HUGGINGFACE_CO_URL_TEMPLATE", files, raising=False)
            patch.setattr(constants, "HF_HUB_CACHE", str(home / "hub"))
            patch.setattr(constants, "HF_TOKEN_PATH", str(home / "token"))
            patch.setattr(constants, "HF_HUB_DISABLE_XET", True, raising=False)
            patch.setattr("time.sleep", lambda seconds: None)  # between its tries
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = main(list(arguments))
        done = subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())
        assert code == bool(refused), done
        assert refused in done.stderr
        return done

    return command


@pytest.fixture
def push(command: Run, converted: Path) -> Run:
    """`imagenet-s push`, with further arguments and those of `command`."""

    def push(*arguments: str, out: Path = converted, repo: str = "me/imagenet-s", **options: Any):
        return command("push", str(out), "--repo-id", repo, *arguments, **options)

    return push
