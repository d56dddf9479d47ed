"""Pushing over HTTP: what arrives, what is refused, and what an interruption costs."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import huggingface_hub
import pytest
from hub_server import ROUTES, Handler, HubServer, Refusal, Repository

from imagenet_s.conversion.hub import plan_push
from imagenet_s.conversion.shards import Options, convert
from imagenet_s.metrics import matched_miou

LOAD = """
from datasets import load_dataset
whole = load_dataset("me/imagenet-s", "50", split="validation")
streamed = load_dataset("me/imagenet-s", "50", split="validation", streaming=True)
assert whole[0]["image"].mode == "RGB" and whole[0]["annotation"].mode == "I;16"
assert [row["image_id"] for row in streamed] == whole["image_id"][:]
print(len(whole))
"""


def has_arrived(hub: HubServer, converted: Path) -> bool:
    """Whether the repository holds every file of the data set as it is, and no other."""
    files = hub.repositories["dataset", "me/imagenet-s"].files
    names = [name for name, _ in plan_push(converted, "me/imagenet-s").files]
    return files == {name: (converted / name).read_bytes() for name in names}


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)


def test_push_then_load_with_the_stock_client(hub: HubServer, run, push, converted: Path) -> None:
    done = push()
    assert "hf_me" not in done.stdout + done.stderr
    assert " bytes, to the private dataset me/imagenet-s" in done.stdout
    repository = hub.repositories["dataset", "me/imagenet-s"]
    assert repository.private
    assert has_arrived(hub, converted)
    # A card never names shards that have not arrived.
    before_last = repository.commits[-2]
    assert "README.md" not in before_last
    assert sum(path.endswith(".parquet") for path in before_last) == len(plan_push(converted, "x/y").shards)
    assert run(LOAD, installed=False).stdout.split() == ["9"]


def test_private_means_private(run, push) -> None:
    push()
    for token in (None, "hf_you"):
        done = run(LOAD, token=token, check=False, installed=False)
        assert done.returncode
        assert "me/imagenet-s" in done.stderr


def test_a_dropped_connection(hub: HubServer, push, converted: Path) -> None:
    """The stock client tries again by itself."""
    hub.drop_upload = 2
    push()
    assert ("PUT", 0) in {(method, status) for method, _, status in hub.log}
    assert has_arrived(hub, converted)


def test_a_killed_push_resumes(hub: HubServer, push, converted: Path, tmp_path: Path) -> None:
    shards = plan_push(converted, "me/imagenet-s").shards
    pushing = []

    def kill(number: int) -> None:
        """At the last upload but one, and not before something has arrived: several are under way at a time."""
        if number == len(shards) - 1 and pushing:
            wait_for(lambda: bool(hub.stored))
            with hub.lock:
                hub.unreachable = True
            pushing.pop().kill()

    hub.at_upload = kill
    environment = {**os.environ, **hub.environment(tmp_path / "home")}
    command = [sys.executable, "-m", "imagenet_s.cli.main", "push", str(converted), "--repo-id", "me/imagenet-s"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    pushing.append(process)
    assert process.wait(60) == -9
    # The server has yet to notice that the client is gone.
    wait_for(lambda: sum(method == "PUT" for method, *_ in hub.log) >= hub.uploads)
    repository = hub.repositories["dataset", "me/imagenet-s"]
    assert not repository.files, "no file names a shard that has not arrived"
    arrived, logged = len(hub.stored), len(hub.log)
    assert 0 < arrived < len(shards)
    hub.unreachable = False
    push()
    sent = [path for method, path, status in hub.log[logged:] if (method, status) == ("PUT", 200)]
    assert len(sent) == len(shards) - arrived, "what had arrived was not sent again"
    assert has_arrived(hub, converted)


def test_pushing_twice_sends_nothing_new_and_deletes_nothing(hub: HubServer, push) -> None:
    push()
    repository = hub.repositories["dataset", "me/imagenet-s"]
    repository.commits.append({**repository.files, "notes.md": b"notes of mine"})
    uploads, commits = hub.uploads, len(repository.commits)
    done = push()
    assert "Nothing to send" in done.stderr
    assert "bytes" not in done.stdout, "sizes are those of what is sent"
    assert hub.uploads == uploads
    assert len(repository.commits) == commits
    assert "notes.md" in repository.files


def test_only_what_is_sent_is_listed(hub: HubServer, push, converted: Path) -> None:
    push()
    repository = hub.repositories["dataset", "me/imagenet-s"]
    repository.commits.append({name: data for name, data in repository.files.items() if name != "id2label.json"})
    size = (converted / "id2label.json").stat().st_size
    done = push()
    assert [line.split() for line in done.stdout.splitlines()[1:2]] == [["id2label.json", f"{size:,}"]]
    assert f"\n1 file, {size:,} bytes, to the private dataset me/imagenet-s\n" in done.stdout


def test_what_people_add_to_the_card_on_the_hub_stays(hub: HubServer, push, converted: Path, tmp_path: Path) -> None:
    out = shutil.copytree(converted, tmp_path / "out")
    assert "Nothing to send" not in push(out=out).stderr
    repository = hub.repositories["dataset", "me/imagenet-s"]
    edited = repository.files["README.md"].replace(b"pretty_name: ImageNet-S", b"pretty_name: Ours") + b"\n## Results\n"
    repository.commits.append({**repository.files, "README.md": edited})
    assert "Nothing to send" in push(out=out).stderr
    assert repository.files["README.md"] == edited
    card = out / "README.md"
    mine = card.read_text() + "\n## Something else\n"
    card.write_text(mine)
    push(out=out, refused="were both added to, and differently")
    assert repository.files["README.md"] == edited
    card.write_bytes(edited + b"more\n")
    push(out=out, refused="were both added to, and differently")
    card.write_bytes(edited)
    assert "Nothing to send" in push(out=out).stderr


def test_labels_of_somebody_else_are_not_replaced(hub: HubServer, push) -> None:
    hub.repositories["dataset", "me/imagenet-s"] = Repository(commits=[{"id2label.json": b"{}"}])
    push(refused="has id2label.json, which imagenet-s did not write")
    assert not hub.uploads


@pytest.mark.parametrize(
    ("form", "images"),
    [("parquet", False), *(pytest.param("arrow", images, marks=pytest.mark.slow) for images in (True, False))],
)
def test_every_other_form_can_be_pushed_and_loaded(
    form: str, images: bool, run, push, miniature: Callable[[str], Path], annotations: Path, tmp_path: Path
) -> None:
    options = Options(verify=False, images=images, form=form, splits=["validation"], max_shard_size="20KB")
    convert(miniature("folders"), tmp_path / "out", "50", annotations, options)
    push(out=tmp_path / "out")
    code = LOAD if images else LOAD.replace('whole[0]["image"].mode == "RGB" and ', "")
    assert run(code, installed=False).stdout.split() == ["9"]


def test_an_interrupted_push_says_that_the_same_command_goes_on(hub: HubServer, push) -> None:
    """The client gives up after some tries, and its 2.4 hides why in an error of its own."""

    def unreachable(number: int) -> None:
        hub.unreachable = True

    hub.at_upload = unreachable
    done = push(refused="what has arrived is kept, the same command resumes from there")
    assert done.stderr.strip().splitlines()[-1].startswith("imagenet-s: uploading to me/imagenet-s: the connection")


def test_dry_run_sends_nothing(hub: HubServer, push, converted: Path) -> None:
    done = push("--dry-run", token=None)
    plan = plan_push(converted, "me/imagenet-s")
    assert f"{len(plan.files)} files, {plan.bytes:,} bytes, to the private dataset me/imagenet-s" in done.stdout
    assert all(name in done.stdout for name in plan.shards)
    assert not hub.log


def test_public_needs_rights_unless_there_are_no_images(
    hub: HubServer, push, miniature: Callable[[str], Path], annotations: Path, tmp_path: Path
) -> None:
    push("--public", refused="no redistribution")
    assert not hub.log
    push("--public", "--i-have-redistribution-rights", repo="me/a")
    convert(miniature("folders"), tmp_path / "masks", "50", annotations, Options(verify=False, images=False))
    push("--public", out=tmp_path / "masks", repo="me/b")
    assert {name: repository.private for (_, name), repository in hub.repositories.items()} == {
        "me/a": False,
        "me/b": False,
    }


@pytest.mark.parametrize(
    ("token", "repo", "message"),
    [
        (None, "me/imagenet-s", "no token for the Hub"),
        ("hf_unknown", "me/imagenet-s", "the token is not accepted"),
        ("hf_you", "me/imagenet-s", "may not write to me"),
        ("hf_me", "me/imagenet s", "--repo-id me/imagenet s"),
    ],
)
def test_token_problems_are_one_message(push, token: str | None, repo: str, message: str) -> None:
    done = push(token=token, repo=repo, refused=message)
    assert not token or token not in done.stdout + done.stderr


def test_quota_is_one_message(hub: HubServer, push) -> None:
    hub.quota = 1000
    push(refused="not enough room")


def test_no_connection_is_one_message(hub: HubServer, push) -> None:
    hub.url = "http://127.0.0.1:9"
    push(refused="connection")


def test_a_public_repository_is_refused(hub: HubServer, push) -> None:
    hub.repositories["dataset", "me/imagenet-s"] = Repository(private=False)
    push(refused="is public")
    assert not hub.uploads


def test_a_card_of_somebody_else_is_not_replaced(hub: HubServer, push) -> None:
    hub.repositories["dataset", "me/imagenet-s"] = Repository(commits=[{"README.md": b"# my own words"}])
    push(refused="did not write")


@pytest.mark.skipif(huggingface_hub.__version__.startswith("0."), reason="0.x does not tell it from a missing file")
def test_a_card_that_cannot_be_read_is_not_replaced(hub: HubServer, push, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client reports an answer of 418 as a file that is not found."""

    def refuse(*_: object) -> None:
        raise Refusal(418, "no coffee")

    (route,) = [route for route, endpoint in ROUTES.items() if endpoint is Handler.resolve]
    monkeypatch.setitem(ROUTES, route, refuse)
    hub.repositories["dataset", "me/imagenet-s"] = Repository(commits=[{"README.md": b"# my own words"}])
    push(refused="README.md could not be read")
    assert not hub.uploads


def test_configurations_on_the_hub_are_not_lost(hub: HubServer, push, converted: Path) -> None:
    index = (converted / "index.json").read_bytes().replace(b'"50": {', b'"300": {').replace(b'"50/', b'"300/')
    hub.repositories["dataset", "me/imagenet-s"] = Repository(commits=[{"index.json": index}])
    push(refused="300 validation")


def test_an_unfinished_or_damaged_result_is_not_pushed(hub: HubServer, push, converted: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(converted, tmp_path / "copy")
    shard = copy / plan_push(copy, "x/y").shards[0]
    shard.write_bytes(shard.read_bytes()[:-1])
    push(out=copy, refused="its index says")
    (copy / "index.json").unlink()
    push(out=copy, refused="unfinished")
    assert not hub.log


def test_the_metric_becomes_a_space(hub: HubServer, command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / ".pycharm" / "matched_miou"  # ".pyc" excludes files, not what lies below such a folder
    (folder / "__pycache__").mkdir(parents=True)
    for name in ("matched_miou.py", "README.md", "__pycache__/x.pyc", "y.pyc"):
        (folder / name).write_text("---\ntitle: matched mIoU\nsdk: gradio\n---\n")
    monkeypatch.setattr(matched_miou, "__file__", str(folder / "__init__.py"))
    command("push", "--metric", "--repo-id", "me/me", refused="call it me/matched_miou.")
    command("push", "--metric", "--repo-id", "me/matched_miou")
    repository = hub.repositories["space", "me/matched_miou"]
    assert repository.private
    assert set(repository.files) == {"matched_miou.py", "README.md"}


SCORE = """
import evaluate
metric = evaluate.load("me/matched_miou")
metric.add(prediction=[[0, 7, 7, 0]], reference=[[0, 2, 2, 2]])
print(metric.compute(num_classes=2, matching="hungarian")["matching"][7])
"""


@pytest.mark.parametrize(
    "private", [pytest.param(False, marks=pytest.mark.slow, id="public"), pytest.param(True, id="private")]
)
def test_the_space_is_a_metric_that_evaluate_loads(hub: HubServer, run, command, private: bool) -> None:
    """The real folder, pushed and then loaded by name with the stock client, where nothing of ours is installed."""
    command("push", "--metric", "--repo-id", "me/matched_miou", *([] if private else ["--public"]))
    assert hub.repositories["space", "me/matched_miou"].private == private
    assert run(SCORE, installed=False).stdout.split() == ["2"]
