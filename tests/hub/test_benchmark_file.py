"""`push` of masks adds `eval.yaml`: last, by itself, never over somebody else's, and not at any price."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hub_server import ROUTES, Handler, HubServer, Refusal, Repository

from imagenet_s.conversion.hub import eval_results
from imagenet_s.conversion.shards import Options, convert


@pytest.fixture(scope="module")
def masks(miniature: Callable[[str], Path], annotations: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("masks") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("datasets.config.HF_DATASETS_CACHE", str(tmp_path_factory.mktemp("cache")))
        convert(miniature("folders"), out, "50", annotations, Options(verify=False, images=False))
    return out


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """`refusing(status)`: the Hub answers so to every commit with an eval.yaml."""

    def refuse(status: int) -> None:
        (route,) = [route for route, endpoint in ROUTES.items() if endpoint is Handler.commit]

        def commit(handler: Handler, kind: str, name: str) -> None:
            if b'"eval.yaml"' in handler.body:
                raise Refusal(status, "Invalid evaluation_framework 'imagenet-s'")
            Handler.commit(handler, kind, name)

        monkeypatch.setitem(ROUTES, route, commit)

    return refuse


def test_it_comes_last_and_names_the_tasks(hub: HubServer, push: Any, masks: Path) -> None:
    push(out=masks)
    repository = hub.repositories["dataset", "me/imagenet-s"]
    assert repository.files.keys() - repository.commits[-2].keys() == {"eval.yaml"}
    benchmark = yaml.safe_load(repository.files["eval.yaml"])
    assert benchmark["evaluation_framework"] == "imagenet-s"
    assert {(task["config"], task["split"]) for task in benchmark["tasks"]} == {("50", "validation")}
    assert eval_results.task_id("50", "validation", "unsupervised", "mean_iou") in {
        task["id"] for task in benchmark["tasks"]
    }
    commits = len(repository.commits)
    assert "Nothing to send" in push(out=masks).stderr
    assert len(repository.commits) == commits


def test_data_with_images_gets_none(hub: HubServer, push: Any) -> None:
    push()
    assert "eval.yaml" not in hub.repositories["dataset", "me/imagenet-s"].files


def test_an_older_one_of_ours_is_brought_up_to_date(hub: HubServer, push: Any, masks: Path) -> None:
    push(out=masks)
    repository = hub.repositories["dataset", "me/imagenet-s"]
    good = repository.files["eval.yaml"]
    repository.commits.append({**repository.files, "eval.yaml": b"evaluation_framework: imagenet-s\ntasks: []\n"})
    push(out=masks)
    assert repository.files["eval.yaml"] == good


@pytest.mark.parametrize("content", [b"evaluation_framework: inspect-ai\n", b"- 1\n", b"[", b"\xff", b""])
def test_a_foreign_one_stays(content: bytes, hub: HubServer, push: Any, masks: Path) -> None:
    hub.repositories["dataset", "me/imagenet-s"] = Repository(commits=[{"eval.yaml": content}])
    done = push(out=masks)
    assert hub.repositories["dataset", "me/imagenet-s"].files["eval.yaml"] == content
    assert "eval.yaml that imagenet-s did not write: it stays" in done.stderr


@pytest.mark.parametrize("status", [400, 403, 422])
def test_a_refused_one_is_one_hint(
    status: int, hub: HubServer, push: Any, masks: Path, refusing: Callable[[int], None]
) -> None:
    refusing(status)
    done = push(out=masks)
    repository = hub.repositories["dataset", "me/imagenet-s"]
    assert "eval.yaml" not in repository.files
    assert {"README.md", "index.json"} <= repository.files.keys()
    (line,) = [line for line in done.stderr.splitlines() if "eval.yaml" in line]
    assert "Invalid evaluation_framework" in line
    assert done.stdout.strip().endswith("/datasets/me/imagenet-s")


def test_a_dry_run_lists_it(hub: HubServer, push: Any, masks: Path) -> None:
    done = push("--dry-run", out=masks, token=None)
    assert "eval.yaml" in done.stdout
    assert "eval.yaml" not in push("--dry-run", token=None).stdout
    assert not hub.log
